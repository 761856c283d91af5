import { expect, test } from "@playwright/test";
import { lookAtBoth } from "./check";
import { pipelines } from "./fixtures";
import { refusal, serve, tell } from "./server";

test("home shows what runs and what fails and why", async ({ page }) => {
  await serve(page);
  await page.goto("/");
  await expect(page.getByText("has no column").first()).toBeVisible();
  await expect(page.getByRole("status").filter({ hasText: "Live" })).toBeVisible();
  await lookAtBoth(page, "home");
});

test("home of an empty server offers an example", async ({ page }) => {
  await serve(page, { "GET /api/pipelines/summary": { json: [] } });
  await page.goto("/");
  await expect(page.getByText("No pipelines yet")).toBeVisible();
  await lookAtBoth(page, "home-empty");
  await page.getByRole("link", { name: "Start from an example" }).click();
  await expect(page.getByRole("dialog")).toContainText("Weather by month");
});

test("home is never blank while it loads", async ({ page }) => {
  await serve(page, { "GET /api/pipelines/summary": "never", "GET /api/runs": "never" });
  await page.goto("/");
  await expect(page.getByRole("status", { name: "Loading" }).first()).toBeVisible();
  await lookAtBoth(page, "home-loading");
});

test("home says what went wrong and with which request", async ({ page }) => {
  await serve(page, {
    "GET /api/pipelines/summary": refusal(500, "internal", "The store did not answer."),
  });
  await page.goto("/");
  await expect(page.getByText("req-7f3a91")).toBeVisible();
  await lookAtBoth(page, "home-error");
  await serve(page);
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(page.getByRole("region", { name: "Open issues" })).toBeVisible();
});

test("a hint of the server refreshes the lists", async ({ page }) => {
  await serve(page);
  await page.goto("/pipelines");
  await expect(page.getByText("Weather by month")).toBeVisible();
  await serve(page, {
    "GET /api/pipelines/summary": { json: [{ ...pipelines[1], name: "Renamed meanwhile" }] },
  });
  await tell(page, "/api/events", { type: "run.changed" });
  await expect(page.getByText("Renamed meanwhile")).toBeVisible();
});

test("Ctrl K finds a pipeline by name", async ({ page }) => {
  await serve(page);
  await page.goto("/");
  await expect(page.getByRole("heading", { name: "Home" })).toBeVisible();
  await page.getByRole("button", { name: "Search pages and pipelines" }).click();
  await page.getByPlaceholder("Where to?").fill("flight");
  await expect(page.getByRole("button", { name: /Flight delays by carrier/ })).toBeVisible();
  await lookAtBoth(page, "palette");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL("/pipelines/p-flights");
});

test("the palette offers what the server finds, after what it knows itself", async ({ page }) => {
  const hits = [
    { type: "pipeline", id: "p-flights", name: "Flight delays by carrier" },
    { type: "connection", id: "flights", name: "flights" },
    { type: "run", id: "r1", name: "Flight delays", meta: { status: "failed" } },
    { type: "issue", id: "i1", name: "Flight delays fails", meta: { state: "open" } },
  ];
  await serve(page, { "GET /api/search": { json: hits } });
  await page.goto("/");
  await page.getByRole("button", { name: "Search pages and pipelines" }).click();
  const asked = page.waitForRequest(/\/api\/search/);
  await page.getByPlaceholder("Where to?").pressSequentially("Flight");
  expect(new URL((await asked).url()).searchParams.get("q")).toBe("flight");
  const dialog = page.getByRole("dialog");
  const offers = dialog.locator("[data-action]");
  await expect(offers).toHaveCount(4);
  await expect(offers.first()).toContainText("Flight delays by carrier");
  await expect(offers.nth(1)).toContainText("failed");
  await lookAtBoth(page, "palette-found");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL("/runs/r1");
});

test("two characters are not asked for", async ({ page }) => {
  await serve(page);
  const asked: string[] = [];
  page.on("request", (request) => {
    if (request.url().includes("/api/search")) asked.push(request.url());
  });
  await page.goto("/");
  await page.getByRole("button", { name: "Search pages and pipelines" }).click();
  await page.getByPlaceholder("Where to?").fill("fl");
  await page.getByPlaceholder("Where to?").fill("fli");
  await expect.poll(() => asked.length).toBe(1);
  expect(asked[0]).toContain("q=fli");
});

test("an address that leads nowhere says so inside the shell", async ({ page }) => {
  await serve(page);
  await page.goto("/no/such/page");
  await expect(page.getByText("There is no page at this address")).toBeVisible();
  await expect(page.getByRole("navigation", { name: "Pages" })).toBeVisible();
  await lookAtBoth(page, "not-found");
});

test("signing out leads to the sign-in page", async ({ page }) => {
  await serve(page, { "POST /api/auth/logout": { json: { status: "ok" } } });
  await page.goto("/");
  await page.getByRole("button", { name: "ada" }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await expect(page).toHaveURL("/signin");
});

test("a session that ends meanwhile asks to sign in again and comes back", async ({ page }) => {
  await serve(page, { "GET /api/runs": refusal(401, "unauthenticated", "Sign in first.") });
  await page.goto("/runs");
  await expect(page).toHaveURL(/signin\?next=%2Fruns/);
});

test("on a narrow window the pages slide in", async ({ page }) => {
  await page.setViewportSize({ width: 420, height: 800 });
  await serve(page);
  await page.goto("/");
  await page.getByRole("button", { name: "Pages", exact: true }).click();
  await page.getByRole("link", { name: "Runs", exact: true }).click();
  await expect(page.getByRole("heading", { name: "Runs", exact: true })).toBeVisible();
  await lookAtBoth(page, "narrow-runs");
});
