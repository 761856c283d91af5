import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type APIRequestContext, expect, test } from "@playwright/test";

const account = { username: "ada", password: "correct-horse-battery-staple" };

/** The first day made the first account, unless this file runs alone. */
test.beforeAll(async ({ request }) => {
  const setup = await (await request.get("/api/auth/setup")).json();
  if (!setup.needs_setup) return;
  const made = await request.post("/api/auth/users", { data: { ...account, role: "superadmin" } });
  expect(made.status()).toBe(201);
});

const flights = (condition: string, columns: string) => `
name: Late flights
ir_version: "2.2"
nodes:
  - {id: flights, type: source_file, name: Flights, config: {path: late.csv}}
  - {id: late, type: filter, name: Late ones, config: {condition: "${condition}", keep: true}}
  - {id: shown, type: sql, name: Shown, config: {query: "SELECT ${columns} FROM late", keep: true}}
  - {id: out, type: sink_file, name: Write, config: {path: late-out.csv}}
edges:
  - {from: flights, to: late}
  - {from: late, to: shown}
  - {from: shown, to: out}
`;

async function runToItsEnd(request: APIRequestContext): Promise<string> {
  const started = await request.post("/api/pipelines/late-flights/run", { data: {} });
  expect(started.status()).toBe(202);
  const { run_id } = await started.json();
  await request.get(`/api/runs/${run_id}/events`); // ends with the run
  expect(await (await request.get(`/api/runs/${run_id}`)).json()).toMatchObject({
    status: "success",
  });
  return run_id;
}

test("two runs of a pipeline that was changed are compared, and laid out in time", async ({
  page,
  request,
}) => {
  const rows = Array.from({ length: 400 }, (_, n) => `${n},C${n % 4},${n % 100}`);
  const folder = process.env.BROKED_E2E_DATA ?? "";
  writeFileSync(join(folder, "late.csv"), ["id,carrier,delay", ...rows].join("\n"));
  expect((await request.post("/api/auth/login", { data: account })).ok()).toBe(true);
  const yaml = { "Content-Type": "application/x-yaml" };
  const made = await request.post("/api/pipelines/import", {
    headers: yaml,
    data: flights("delay >= 50", "id, carrier, delay"),
  });
  expect(made.status()).toBe(201);
  const first = await runToItsEnd(request);
  const changed = await request.put("/api/pipelines/late-flights", {
    headers: yaml,
    data: flights("delay >= 75", "id, carrier, delay / 2.0 AS half"),
  });
  expect(changed.status()).toBe(200);
  const second = await runToItsEnd(request);
  await page.context().addCookies((await request.storageState()).cookies);

  await page.goto(`/runs/${first}`);
  await page.getByRole("link", { name: "Compare" }).click();
  await page.getByLabel(new RegExp(`^Compare run ${second.slice(-8)}`)).check();
  await page.getByRole("link", { name: "Compare", exact: true }).click();
  await expect(page.getByRole("row", { name: /Late ones/ })).toContainText(/200.*100.*−50 %/);
  const shown = page.getByRole("row", { name: /Shown/ });
  await expect(shown).toContainText("half added");
  await expect(shown).toContainText("delay removed");
  await expect(page.getByRole("row", { name: /Flights/ })).toContainText("the same");
  await page.screenshot({ path: "e2e/shots/real-compare.png" });

  await page.goto(`/runs/${second}?panel=gantt`);
  const timeline = page.getByRole("region", { name: "Timeline" });
  await expect(
    timeline.getByRole("button", { name: /^Write, Success, .*Success after/ }),
  ).toBeVisible();
  await expect(timeline.getByText("The run itself")).toBeVisible();
  await page.screenshot({ path: "e2e/shots/real-timeline.png" });

  await page.goto(`/runs/${second}?node=late&panel=columns`);
  await expect(page.getByText("All 100 rows")).toBeVisible();
  await expect(page.getByRole("row", { name: /delay/ }).getByRole("img")).toHaveAttribute(
    "aria-label",
    /^From 75 to 99/,
  );
  await page.screenshot({ path: "e2e/shots/real-columns.png" });

  await page.goto("/runs?as=calendar");
  await expect(page.getByRole("table").getByRole("link").last()).toHaveAttribute(
    "aria-label",
    /: ([2-9]|\d\d+) runs/,
  );
});
