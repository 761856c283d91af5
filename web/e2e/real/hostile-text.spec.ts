import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, type Page, test } from "@playwright/test";

const account = { username: "ada", password: "correct-horse-battery-staple" };

const scripts = [
  "<script>window.pwned = 1</script>",
  '"><img src=x onerror="window.pwned = 2">',
  "javascript:window.pwned=3",
  "<svg onload=window.pwned=4>",
];

/** Names may not have the signs that markup is made of; all else may. */
const name = "javascript:window.pwned=3";
const description = scripts.join(" ");

/** The day before made the first account, unless this file runs alone. */
test.beforeAll(async ({ request }) => {
  const setup = await (await request.get("/api/auth/setup")).json();
  if (!setup.needs_setup) return;
  const made = await request.post("/api/auth/users", { data: { ...account, role: "superadmin" } });
  expect(made.status()).toBe(201);
});

test("text that is a script stays text, on every page that shows it", async ({ page }) => {
  const alarms: string[] = [];
  page.on("dialog", (dialog) => {
    alarms.push(dialog.message());
    void dialog.dismiss();
  });
  await page.exposeFunction("alarm", (text: string) => alarms.push(text));
  await page.addInitScript(() =>
    addEventListener("securitypolicyviolation", (event) =>
      Reflect.get(
        window,
        "alarm",
      )(`${event.effectiveDirective} ${event.blockedURI} ${event.sample}`),
    ),
  );
  const { pipeline, run } = await prepare(page);

  await page.goto("/pipelines");
  await expect(page.getByText(name).first()).toBeVisible();
  await page.goto(`/pipelines/${pipeline}`);
  await expect(page.getByRole("heading", { name })).toBeVisible();
  await page.locator(".react-flow__node").first().click();
  for (const tab of ["yaml", "versions", "runs"]) {
    await page.goto(`/pipelines/${pipeline}?tab=${tab}`);
    await expect(page.getByRole("heading", { name })).toBeVisible();
  }
  await page.goto(`/runs/${run}`);
  await expect(page.getByRole("button", { name: "Run again" })).toBeVisible({ timeout: 40_000 });
  await page.locator(".react-flow__node").first().click();
  await page.getByRole("tab", { name: "Data" }).click();
  await expect(page.getByRole("cell", { name: scripts[1] ?? "" }).first()).toBeVisible();
  await page.getByRole("tab", { name: "Log" }).click();
  await page.goto("/runs");
  await expect(page.getByRole("link", { name }).first()).toBeVisible();
  await page.goto("/admin/audit");
  await expect(page.getByRole("row").nth(1)).toBeVisible();

  expect(await page.evaluate(() => Reflect.get(window, "pwned"))).toBeUndefined();
  expect(await page.locator("a[href^='javascript:']").count()).toBe(0);
  expect(alarms).toEqual([]);
});

/** Makes a pipeline of hostile text over hostile data, and runs it. */
async function prepare(page: Page): Promise<{ pipeline: string; run: string }> {
  const folder = process.env.BROKED_E2E_DATA;
  if (!folder) throw new Error("the configuration names no data folder");
  const quoted = scripts.map((one) => `"${one.replaceAll('"', '""')}"`);
  writeFileSync(
    join(folder, "data/files/hostile.csv"),
    `id,${quoted[0]}\n${quoted.map((one, at) => `${at},${one}`).join("\n")}\n`,
  );
  const signedIn = await page.request.post("/api/auth/login", { data: account });
  expect(signedIn.status()).toBe(200);
  const made = await page.request.post("/api/pipelines", {
    data: {
      name,
      description,
      tags: [name],
      nodes: [
        {
          id: "read",
          type: "source_file",
          name: scripts[1],
          config: { path: "data/files/hostile.csv" },
          position: { x: 0, y: 0 },
        },
        {
          id: "write",
          type: "sink_file",
          name: scripts[0],
          config: { path: "data/files/hostile-out.csv" },
          position: { x: 260, y: 0 },
        },
      ],
      edges: [{ from: "read", to: "write" }],
    },
  });
  expect(made.status(), await made.text()).toBe(201);
  const pipeline = (await made.json()).id;
  const started = await page.request.post(`/api/pipelines/${pipeline}/run`, { data: {} });
  expect(started.status(), await started.text()).toBe(202);
  return { pipeline, run: (await started.json()).run_id };
}
