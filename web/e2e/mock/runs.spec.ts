import { expect, test } from "@playwright/test";
import { lookAtBoth } from "./check";
import { run, runs } from "./fixtures";
import { page as listOf, refusal, serve } from "./server";

test("all runs, narrowed by a status in the URL", async ({ page }) => {
  await serve(page);
  await page.goto("/runs");
  await expect(page.getByRole("row")).toHaveCount(7);
  await lookAtBoth(page, "runs");
  const asked = page.waitForRequest((request) => request.url().includes("status=failed"));
  await page.getByText("Failed", { exact: true }).first().click();
  await asked;
  await expect(page).toHaveURL("/runs?status=failed");
});

test("a long list is walked stretch by stretch, and Back goes back", async ({ page }) => {
  await serve(page, {
    "GET /api/runs": { json: { items: runs, has_next: true, cursor: "c2", limit: 50 } },
  });
  await page.goto("/runs");
  await page.getByRole("button", { name: "Older" }).click();
  await expect(page).toHaveURL("/runs?after=c2");
  await page.goBack();
  await expect(page).toHaveURL("/runs");
});

test("no runs, and no runs of a status", async ({ page }) => {
  await serve(page, { "GET /api/runs": { json: listOf([]) } });
  await page.goto("/runs");
  await expect(page.getByText("No runs yet")).toBeVisible();
  await lookAtBoth(page, "runs-empty");
  await page.goto("/runs?status=cancelled");
  await expect(page.getByText("No run has this status")).toBeVisible();
});

test("loading, failing and denied lists say so", async ({ page }) => {
  await serve(page, { "GET /api/runs": "never" });
  await page.goto("/runs");
  await expect(page.getByRole("status", { name: "Loading" })).toBeVisible();
  await serve(page, { "GET /api/runs": refusal(403, "forbidden", "This needs runs.view.") });
  await page.reload();
  await expect(page.getByText("You may not see this")).toBeVisible();
  await serve(page, { "GET /api/runs": refusal(500, "internal", "The store did not answer.") });
  await page.reload();
  await expect(page.getByText("req-7f3a91")).toBeVisible();
});

test("errors of any length and direction stay on one line", async ({ page }) => {
  const error = "ملف غير موجود ".repeat(40);
  await serve(page, {
    "GET /api/runs": { json: listOf([run({ status: "failed", error, pipeline_name: error })]) },
  });
  await page.goto("/runs");
  await expect(page.getByRole("row")).toHaveCount(2);
  await lookAtBoth(page, "runs-long-and-rtl");
});
