import { expect, type Page, test } from "@playwright/test";

const account = { username: "ada", password: "correct-horse-battery-staple" };

/** The first day made the first account, unless this file runs alone. */
test.beforeAll(async ({ request }) => {
  const setup = await (await request.get("/api/auth/setup")).json();
  if (!setup.needs_setup) return;
  const made = await request.post("/api/auth/users", { data: { ...account, role: "superadmin" } });
  expect(made.status()).toBe(201);
});

test("a pipeline is tried, its rows are pinned, and the next trial takes them", async ({
  page,
}) => {
  await page.goto("/signin");
  await page.getByLabel("Name").fill(account.username);
  await page.getByLabel(/^Password/).fill(account.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("heading", { name: "Home" })).toBeVisible();

  await page.goto("/pipelines?create=template");
  await page.getByRole("dialog").getByRole("button", { name: /node/ }).first().click();
  await expect(page).toHaveURL(/\/pipelines\/[^/?]+$/);
  await page.getByRole("button", { name: "Try", exact: true }).click();
  await page.getByLabel("Rows of every source").fill("7");
  await page.getByRole("dialog").getByRole("button", { name: "Try" }).click();
  await expectTried(page);

  const source = page.locator(".react-flow__node").first();
  await expect(source).toHaveAttribute("aria-label", /Success, 7 rows$/);
  await source.click();
  await expect(page.getByText(/^All 7 rows, \d+ columns$/)).toBeVisible();
  const rows = page.getByRole("region", { name: "Rows" }).getByRole("row");
  await expect(rows).toHaveCount(8);

  await page.getByRole("button", { name: "Pin these rows" }).click();
  await expect(page.getByText("7 rows pinned by ada")).toBeVisible();
  await page.getByRole("button", { name: "Try again" }).click();
  await expectTried(page);
  await expect(page.getByRole("region", { name: "Trial" }).getByText("as pinned")).toBeVisible();
  await expect(source).toHaveAttribute("aria-label", /, rows pinned$/);
  await page.screenshot({ path: "e2e/shots/real-trial.png" });

  await page.getByRole("button", { name: "Unpin" }).click();
  await expect(page.getByText("7 rows pinned by ada")).toBeHidden();
});

test("the system page tells of this machine", async ({ page, request }) => {
  const signedIn = await request.post("/api/auth/login", { data: account });
  expect(signedIn.ok()).toBe(true);
  await page.context().addCookies((await request.storageState()).cookies);
  await page.goto("/admin/system");
  await expect(page.getByText(/^\d+ of \d+ slots? in use$/)).toBeVisible();
  await expect(page.getByRole("cell", { name: "online" })).toBeVisible();
  await expect(page.getByRole("region", { name: "What shuts scripts in" })).toBeVisible();
  await page.screenshot({ path: "e2e/shots/real-system.png", fullPage: true });
});

async function expectTried(page: Page): Promise<void> {
  const bar = page.getByText("A trial of 7 rows per source: nothing was written");
  await expect(bar).toBeVisible({ timeout: 40_000 });
}
