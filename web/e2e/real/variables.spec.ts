import { expect, test } from "@playwright/test";

const account = { username: "ada", password: "correct-horse-battery-staple" };

/** The first day made the first account, unless this file runs alone. */
test.beforeAll(async ({ request }) => {
  const setup = await (await request.get("/api/auth/setup")).json();
  if (!setup.needs_setup) return;
  const made = await request.post("/api/auth/users", { data: { ...account, role: "superadmin" } });
  expect(made.status()).toBe(201);
});

const pipeline = `name: One city
ir_version: "2.2"
nodes:
  - {id: all, type: code, name: All, config: {script: "output_data = {'columns': ['city'], 'rows': [{'city': 'Oslo'}, {'city': 'Bergen'}]}"}}
  - {id: one, type: filter, name: One, config: {condition: "true", keep: true}}
  - {id: out, type: sink_file, name: Out, config: {path: one-city.csv}}
edges:
  - {from: all, to: one}
  - {from: one, to: out}
`;

test("a variable is made, named in a node, changed, and deleted with a warning", async ({
  page,
  request,
}) => {
  expect((await request.post("/api/auth/login", { data: account })).ok()).toBe(true);
  await page.context().addCookies((await request.storageState()).cookies);
  await page.goto("/variables");
  await page.getByRole("button", { name: "New variable" }).click();
  await page.getByRole("textbox", { name: "Name" }).fill("home_city");
  await page.getByRole("textbox", { name: "Value" }).fill("Oslo");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("cell", { name: "Oslo" })).toBeVisible();

  const made = await request.post("/api/pipelines/import", {
    headers: { "Content-Type": "application/x-yaml" },
    data: pipeline,
  });
  expect(made.status(), await made.text()).toBe(201);
  const { id } = await made.json();
  await page.goto(`/pipelines/${id}/edit?node=one`);
  const condition = page.getByRole("textbox", { name: "Condition" });
  const write = async (text: string) => {
    await condition.focus();
    await page.keyboard.press("ControlOrMeta+A");
    await page.keyboard.type(text);
  };
  // A name that stands for nothing is marked, with the one that was meant.
  await write("city = $");
  await page.keyboard.press("Escape");
  await page.keyboard.insertText("{var.hom_city}");
  await page.getByRole("button", { name: "Use var.home_city" }).click();
  await expect(condition).toHaveText(`city = \${var.home_city}`);
  // The same by what is offered.
  await write("city = ${home");
  await page
    .getByRole("listbox")
    .getByRole("option", { name: /home_city.*Oslo/ })
    .click();
  await expect(condition).toHaveText(`city = \${var.home_city}`);
  await expect(page.getByText("No problems")).toBeVisible();
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByRole("button", { name: "Run", exact: true }).click();
  await expect(page).toHaveURL(/\/runs\//);
  await expect(page.getByRole("button", { name: "Run again" })).toBeVisible({ timeout: 40_000 });
  await expect(page.locator(".react-flow__node").filter({ hasText: "One" })).toHaveAttribute(
    "aria-label",
    /Success, 1 row$/,
  );

  await page.goto("/variables");
  await page.getByRole("button", { name: "Used by home_city" }).click();
  await expect(page.getByRole("dialog").getByRole("link", { name: "One city" })).toBeVisible();
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Edit home_city" }).click();
  await page.getByRole("textbox", { name: "Value" }).fill("Bergen");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("cell", { name: "Bergen" })).toBeVisible();
  await page.getByRole("button", { name: "Delete home_city" }).click();
  await expect(page.getByRole("dialog")).toContainText("fail before they start");
  await expect(page.getByRole("dialog").getByRole("link", { name: "One city" })).toBeVisible();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await expect(page.getByText("home_city", { exact: true })).toHaveCount(0);
  const { run_id } = await (await request.post(`/api/pipelines/${id}/run`)).json();
  await expect
    .poll(async () => (await (await request.get(`/api/runs/${run_id}`)).json()).error, {
      timeout: 40_000,
    })
    .toContain(`\${var.home_city} has no value`);
});
