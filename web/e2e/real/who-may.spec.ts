import { type APIRequestContext, expect, type Page, test } from "@playwright/test";

const admin = { username: "ada", password: "correct-horse-battery-staple" };
const viewer = { username: "vera", password: "ninety-green-bottles-hum" };

test.describe.configure({ mode: "serial" });

/** The day before made the first account, unless this file runs alone. */
test.beforeAll(async ({ request }) => {
  const setup = await (await request.get("/api/auth/setup")).json();
  if (!setup.needs_setup) return;
  const made = await request.post("/api/auth/users", { data: { ...admin, role: "superadmin" } });
  expect(made.status()).toBe(201);
});

async function signIn(page: Page, { username, password }: typeof admin): Promise<void> {
  await page.goto("/signin");
  await page.getByLabel("Name").fill(username);
  await page.getByLabel(/^Password/).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

test("an admin makes a token in the page, and it opens the API", async ({ page, playwright }) => {
  await signIn(page, admin);
  await page.getByRole("link", { name: "API tokens" }).click();
  await page.getByRole("button", { name: "Create API Token" }).click();
  await page.getByLabel("Service Name").fill("nightly-loader");
  await page.getByRole("checkbox", { name: "See pipelines and their versions" }).check();
  await page.getByRole("button", { name: "Generate Token" }).click();
  const token = await page.getByLabel("Token", { exact: true }).inputValue();
  expect(token).toMatch(/^brk_\w{38}$/);
  await page.getByRole("button", { name: "Done" }).click();

  const service = await playwright.request.newContext({
    baseURL: new URL(page.url()).origin,
    extraHTTPHeaders: { Authorization: `Bearer ${token}` },
  });
  await expectStatus(service, "/api/pipelines", 200);
  await expectStatus(service, "/api/runs", 403);
  await page.getByRole("button", { name: "More for nightly-loader" }).click();
  await page.getByRole("menuitem", { name: "Revoke…" }).click();
  await page.getByRole("button", { name: "Revoke", exact: true }).click();
  await expect(page.getByRole("row", { name: /nightly-loader/ })).toContainText("Revoked");
  await expectStatus(service, "/api/pipelines", 401);

  await page.getByRole("link", { name: "Audit log" }).click();
  await page.getByRole("button", { name: "Verify the chain" }).click();
  await expect(page.getByText("The chain is whole")).toBeVisible();
});

async function expectStatus(service: APIRequestContext, path: string, status: number) {
  expect((await service.get(path)).status()).toBe(status);
}

test("a viewer finds nothing to run, and is refused when asking the API", async ({ page }) => {
  await signIn(page, admin);
  await page.getByRole("link", { name: "Users" }).click();
  await page.getByRole("button", { name: "Make an account" }).click();
  await page.getByLabel("Name").fill(viewer.username);
  await page.getByLabel(/^Password/).fill(viewer.password);
  await page.getByRole("button", { name: "Make the account" }).click();
  await expect(page.getByText("“vera” can sign in now.")).toBeVisible();
  const pipeline = await page.request.post("/api/pipelines", { data: example });
  expect(pipeline.status()).toBe(201);
  const { id } = await pipeline.json();

  await page.context().clearCookies();
  await signIn(page, viewer);
  await expect(page.getByRole("heading", { name: "Home" })).toBeVisible();
  await page.goto(`/pipelines/${id}`);
  await expect(page.getByRole("heading", { name: example.name })).toBeVisible();
  await expect(page.getByRole("button", { name: "Run", exact: true })).toHaveCount(0);
  await expect(page.getByText("Administration")).toHaveCount(0);
  await expectNothingToChange(page, id);
  const status = await page.evaluate(async (path) => {
    const answer = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: "{}",
    });
    return answer.status;
  }, `/api/pipelines/${id}/run`);
  expect(status).toBe(403);
});

/** Every part of the pipeline is there to be read, and none of it to be changed. */
async function expectNothingToChange(page: Page, id: string): Promise<void> {
  for (const tab of ["Canvas", "Runs", "Settings", "Backfills", "Triggers", "Versions", "YAML"]) {
    await page.getByRole("tab", { name: tab, exact: true }).click();
    await expect(page.getByRole("tabpanel", { name: tab, exact: true })).toBeVisible();
    await expect(
      page.getByRole("button", { name: /^(Edit|Run|Try|Save|Roll back|Delete|New|Add|Make)/ }),
    ).toHaveCount(0);
  }
  await page.goto(`/pipelines/${id}/edit`);
  await expect(page.getByText("You may look at pipelines, not change them")).toBeVisible();
  await page.goto("/");
  await expect(page.getByRole("region", { name: "First steps" })).toHaveCount(0);
}

const example = {
  name: "Only to look at",
  description: "",
  nodes: [
    {
      id: "read",
      type: "source_file",
      name: "Read",
      config: { path: "examples/data/flights.csv" },
      position: { x: 0, y: 0 },
    },
  ],
  edges: [],
};

test("five wrong passwords lock the account for a time that the page counts down", async ({
  page,
}) => {
  await page.goto("/signin");
  await page.getByLabel("Name").fill(viewer.username);
  for (let attempt = 1; attempt <= 5; attempt++) {
    await page.getByLabel(/^Password/).fill(`not the password ${attempt}`);
    const answered = page.waitForResponse("**/api/auth/login");
    await page.getByRole("button", { name: "Sign in" }).click();
    expect((await answered).status()).toBe(401);
  }
  await page.getByLabel(/^Password/).fill(viewer.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByText("Too many wrong passwords")).toBeVisible();
  await expect(page.getByRole("button", { name: /^Wait \d+ / })).toBeDisabled();
});

test("an admin resets the password, which lifts the lock and has to be replaced", async ({
  page,
}) => {
  await signIn(page, admin);
  await page.getByRole("link", { name: "Users" }).click();
  await page.getByRole("button", { name: "More for vera" }).click();
  await page.getByRole("menuitem", { name: "Reset password…" }).click();
  await page.getByRole("button", { name: "Reset password" }).click();
  const temporary = await page.getByLabel("New password", { exact: true }).inputValue();

  await page.context().clearCookies();
  await signIn(page, { username: viewer.username, password: temporary });
  await expect(page.getByRole("heading", { name: "Choose a new password" })).toBeVisible();
  await page.getByLabel(/^Current password/).fill(temporary);
  await page.getByLabel(/^New password/).fill("eighty-nine-green-bottles");
  await page.getByLabel(/^Repeat the new password/).fill("eighty-nine-green-bottles");
  await page.getByRole("button", { name: "Set the new password" }).click();
  await expect(page.getByRole("heading", { name: "Home" })).toBeVisible();

  await page.getByRole("button", { name: viewer.username }).click();
  await page.getByRole("menuitem", { name: "Profile" }).click();
  await expect(page.getByRole("row", { name: /Chrome .*This one/ })).toBeVisible();
});
