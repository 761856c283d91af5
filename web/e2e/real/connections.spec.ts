import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@playwright/test";

const account = { username: "ada", password: "correct-horse-battery-staple" };

/** The first day made the first account, unless this file runs alone. */
test.beforeAll(async ({ request }) => {
  const setup = await (await request.get("/api/auth/setup")).json();
  if (!setup.needs_setup) return;
  const made = await request.post("/api/auth/users", { data: { ...account, role: "superadmin" } });
  expect(made.status()).toBe(201);
});

test("a connection is made, its test says what is wrong, and it is mended", async ({
  page,
  request,
}) => {
  // A file without content is a database without tables.
  writeFileSync(join(process.env.BROKED_E2E_DATA ?? "", "shop.db"), "");
  const signedIn = await request.post("/api/auth/login", { data: account });
  expect(signedIn.ok()).toBe(true);
  await page.context().addCookies((await request.storageState()).cookies);
  await page.goto("/connections");
  await page.getByRole("button", { name: "New connection" }).click();
  await page.getByRole("button", { name: "SQLite" }).click();
  await page.getByRole("textbox", { name: "Name" }).fill("shop");
  await page.getByRole("textbox", { name: "File" }).fill("nowhere.db");
  await page.getByRole("button", { name: "Test" }).click();
  await expect(page.getByRole("status").filter({ hasText: "It cannot be used" })).toBeVisible();
  await page.getByRole("textbox", { name: "File" }).fill("shop.db");
  await page.getByRole("button", { name: "Test" }).click();
  await expect(page.getByRole("status").filter({ hasText: /In \d+ ms/ })).toBeVisible();
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("cell", { name: "shop.db" })).toBeVisible();
  await page.getByRole("button", { name: "More for shop" }).click();
  await page.getByRole("menuitem", { name: "Delete…" }).click();
  await expect(page.getByText("No pipeline uses it.")).toBeVisible();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await expect(page.getByText("No connection yet")).toBeVisible();
});
