import { expect, type Page, test } from "@playwright/test";
import { lookAtBoth } from "./check";
import { templates } from "./documents";
import { finished, flights } from "./fixtures";
import { page as listOf, serve } from "./server";

/** A new server: an account, and nothing else. */
const anew = {
  "GET /api/pipelines/summary": { json: [] },
  "GET /api/runs": { json: listOf([]) },
  "GET /api/runs?status=running": { json: listOf([]) },
  "GET /api/issues": { json: { ...listOf([]), total: 0 } },
  "GET /api/auth/users": { json: [{ id: "u1", username: "ada", role: "admin" }] },
  "GET /api/services": { json: [] },
};

async function beginTour(page: Page): Promise<void> {
  await page.goto("/");
  await page.getByRole("button", { name: "Take the tour" }).click();
}

test("the tour leads in four steps from an example to the editor, by keyboard", async ({
  page,
}) => {
  await serve(page, {
    ...anew,
    "POST /api/pipelines": { status: 201, json: flights },
    "POST /api/pipelines/p-flights/run": { status: 202, json: { id: "r1", run_id: "r1" } },
    "GET /api/pipelines/p-flights": { json: { ...flights, params: {} } },
    "GET /api/runs/r1": { json: finished },
    "POST /api/pipelines/validate": { json: { valid: true, problems: [] } },
  });
  await beginTour(page);
  const tour = page.getByRole("region", { name: "Tour" });
  await expect(tour.getByRole("heading")).toHaveText("Step 1 of 4 Begin with an example");
  await expect(tour.getByRole("heading")).toBeFocused();
  await expect(page.getByRole("button", { name: "Take the tour" })).toBeDisabled();
  await lookAtBoth(page, "tour-1");
  const created = page.waitForRequest((request) => request.method() === "POST");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  expect((await created).postDataJSON().name).toBe(templates[0]?.name);
  await expect(page).toHaveURL(/\/pipelines\/p-flights$/);
  await expect(tour.getByRole("heading")).toHaveText("Step 2 of 4 Read it from left to right");
  await expect(tour.getByRole("heading")).toBeFocused();
  await expect(page.locator(".react-flow[data-toured]")).toBeVisible();
  await lookAtBoth(page, "tour-2");
  await tour.getByRole("button", { name: "Run it now" }).press("Enter");
  await expect(page).toHaveURL(/\/runs\/r1$/);
  await expect(tour.getByRole("heading")).toHaveText("Step 3 of 4 Watch it run");
  await lookAtBoth(page, "tour-3");
  await page.reload();
  await expect(tour.getByRole("heading")).toHaveText("Step 3 of 4 Watch it run");
  await tour.getByRole("button", { name: "Open the editor" }).click();
  await expect(tour.getByRole("heading")).toHaveText("Step 4 of 4 Make it yours");
  await expect(page.locator("[data-palette][data-toured]")).toBeVisible();
  await lookAtBoth(page, "tour-4");
  await tour.getByRole("button", { name: "Back" }).click();
  await expect(page).toHaveURL(/\/runs\/r1$/);
  await tour.getByRole("button", { name: "Open the editor" }).click();
  await tour.getByRole("button", { name: "Finish" }).click();
  await expect(tour).toHaveCount(0);
  await page.reload();
  await expect(page.locator("[data-palette]")).toBeVisible();
  await expect(tour).toHaveCount(0);
});

test("the tour can be ended at any step, and goes on with a page that is opened by hand", async ({
  page,
}) => {
  await serve(page, anew);
  await beginTour(page);
  const tour = page.getByRole("region", { name: "Tour" });
  await expect(tour).toContainText("Step 1 of 4");
  await page.goto("/pipelines/p-flights");
  await expect(tour).toContainText("Step 2 of 4");
  await tour.getByRole("button", { name: "End the tour" }).click();
  await expect(tour).toHaveCount(0);
});

test("the first steps are ticked by what is there, and stay away once they were hidden", async ({
  page,
}) => {
  const mine = { ...anew, "GET /api/services": { json: [{ id: "s1", name: "loader" }] } };
  await serve(page, mine);
  await page.goto("/");
  const list = page.getByRole("region", { name: "First steps" });
  await expect(list).toContainText("1 of 4 done");
  await expect(list.getByRole("img", { name: "Done" })).toHaveCount(1);
  await lookAtBoth(page, "first-steps");
  await list.getByRole("button", { name: "Hide the first steps" }).click();
  await expect(list).toHaveCount(0);
  await page.reload();
  await expect(page.getByText("No pipelines yet")).toBeVisible();
  await expect(list).toHaveCount(0);
});

test("who may only look is shown no first steps", async ({ page }) => {
  await serve(page, { ...anew, "GET /api/auth/me/permissions": { json: ["pipelines.view"] } });
  await page.goto("/");
  await expect(page.getByText("No pipelines yet")).toBeVisible();
  await expect(page.getByRole("region", { name: "First steps" })).toHaveCount(0);
});

test("the wizard begins the tour for the account that it made", async ({ page }) => {
  await serve(page, {
    ...anew,
    "GET /api/auth/setup": { json: { needs_setup: true, open: false, token_required: false } },
    "POST /api/auth/users": { status: 201, json: { id: "u1" } },
    "POST /api/auth/login": { json: {} },
  });
  await page.goto("/setup");
  await page.getByLabel("Name").fill("ada");
  await page.getByLabel(/^Password/).fill("correct-horse-battery-staple");
  await page.getByLabel("Repeat the password").fill("correct-horse-battery-staple");
  await page.getByRole("button", { name: "Create the account" }).click();
  await expect(page.getByRole("region", { name: "Tour" })).toContainText("Step 1 of 4");
});
