import { expect, type Page, test } from "@playwright/test";

const name = "ada";
const password = "correct-horse-battery-staple";

test("the first day: an account, an example, a run that turns green, its rows", async ({
  page,
}) => {
  await page.goto("/");
  await createFirstAccount(page);
  await signOutAndIn(page);

  await page.getByRole("link", { name: "Start from an example" }).click();
  const examples = page.getByRole("dialog").getByRole("button", { name: /node/ });
  await examples.first().click();
  await expect(page).toHaveURL(/\/pipelines\/[^/]+$/);
  const nodes = page.locator(".react-flow__node");
  await expect(nodes.first()).toBeVisible();

  await page.getByRole("button", { name: "Run", exact: true }).click();
  await confirmParameters(page);
  await expect(page).toHaveURL(/\/runs\//);
  await expect(page.getByRole("button", { name: "Run again" })).toBeVisible({ timeout: 40_000 });
  await expectAllGreenWithRows(page);
  await expectFirstRows(page);
  await page.getByRole("button", { name: "Zoom Out" }).focus();
  await page.screenshot({ path: "e2e/shots/run.png" });
});

async function createFirstAccount(page: Page): Promise<void> {
  await expect(page.getByRole("heading", { name: "Welcome to broked" })).toBeVisible();
  await page.getByLabel("Name").fill(name);
  await page.getByLabel(/^Password/).fill(password);
  await page.getByLabel("Repeat the password").fill(password);
  await page.getByRole("button", { name: "Create the account" }).click();
  await expect(page.getByRole("heading", { name: "Home" })).toBeVisible();
  await expect(page.getByText("No account exists yet")).toHaveCount(0);
}

async function signOutAndIn(page: Page): Promise<void> {
  await page.getByRole("button", { name }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.getByLabel("Name").fill(name);
  await page.getByLabel(/^Password/).fill("not the password");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("alert")).toBeVisible();
  await page.getByLabel(/^Password/).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByText("No pipelines yet")).toBeVisible();
}

/** Only a pipeline that has parameters asks for them. */
async function confirmParameters(page: Page): Promise<void> {
  const dialog = page.getByRole("dialog");
  await expect(dialog.or(page.getByRole("tab", { name: "Log" })).first()).toBeVisible();
  if (await dialog.isVisible()) await dialog.getByRole("button", { name: "Run" }).click();
}

async function expectAllGreenWithRows(page: Page): Promise<void> {
  const nodes = page.locator(".react-flow__node");
  const count = await nodes.count();
  expect(count).toBeGreaterThan(1);
  for (let place = 0; place < count; place++) {
    await expect(nodes.nth(place)).toHaveAttribute(
      "aria-label",
      /Success, [\d,.]+( [kMB])? rows?$/,
    );
  }
}

async function expectFirstRows(page: Page): Promise<void> {
  await page.locator(".react-flow__node").first().click();
  await page.getByRole("tab", { name: "Data" }).click();
  const rows = page.getByRole("region", { name: "Rows" }).getByRole("row");
  await expect(rows.nth(1)).toBeVisible();
  expect(await rows.count()).toBeGreaterThan(1);
}
