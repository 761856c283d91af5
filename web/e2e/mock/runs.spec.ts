import { expect, test } from "@playwright/test";
import { lookAtBoth, overflow } from "./check";
import { finished, nodeRun, run, runs } from "./fixtures";
import { calendar, columnsAfter, columnsBefore } from "./history";
import { page as listOf, refusal, serve } from "./server";

/** The finished run as it was another day: fewer rows, and a node that failed. */
const changedRun = {
  ...finished,
  id: "r-d",
  node_runs: (finished.node_runs ?? []).map((one) =>
    one.node_id === "late" || one.node_id === "named"
      ? nodeRun(one.node_id, { ...one, row_count: 40_000, duration_ms: 180 })
      : one,
  ),
};

test("all runs, narrowed by a status in the URL", async ({ page }) => {
  await serve(page);
  await page.goto("/runs");
  await expect(page.getByRole("row")).toHaveCount(7);
  await lookAtBoth(page, "runs");
  const asked = page.waitForRequest((request) => request.url().includes("status=failed"));
  await page.getByLabel("Status").selectOption("failed");
  await asked;
  await expect(page).toHaveURL("/runs?status=failed");
});

test("pipeline, trigger and time narrow the list, from the URL as well", async ({ page }) => {
  await serve(page);
  await page.goto("/runs?trigger=scheduled");
  const asked = page.waitForRequest(
    (request) =>
      /api\/runs\?.*trigger=scheduled/.test(request.url()) &&
      request.url().includes("pipeline_id=p-weather") &&
      /since=\d{4}-/.test(request.url()),
  );
  await page.getByLabel("Pipeline", { exact: true }).selectOption("p-weather");
  await page.getByLabel("Time").selectOption("7d");
  await asked;
  await expect(page).toHaveURL("/runs?trigger=scheduled&pipeline=p-weather&range=7d");
  await page.goBack();
  await expect(page.getByLabel("Time")).toHaveValue("");
  await page.getByRole("button", { name: "Clear" }).click();
  await expect(page).toHaveURL("/runs");
});

test("the grid shows the runs of every pipeline, and the nodes of one", async ({ page }) => {
  await serve(page);
  await page.goto("/runs");
  await page.getByText("Grid", { exact: true }).click();
  await expect(page).toHaveURL("/runs?as=grid");
  await expect(page.getByRole("link", { name: /^Failed, / })).toHaveCount(3);
  await lookAtBoth(page, "runs-grid");
  await page.getByRole("link", { name: "Flight delays by carrier" }).click();
  const failed = page.getByRole("link", { name: "Late ones only, Failed" });
  await expect(failed).toHaveCount(2);
  await lookAtBoth(page, "runs-grid-nodes");
  await expect(failed.first()).toHaveAttribute("href", "/runs/r-12?node=late");
});

test("the calendar has a year of days, and a day opens its runs", async ({ page }) => {
  await serve(page);
  await page.goto("/runs?as=calendar");
  const days = page.getByRole("table").getByRole("link");
  await expect(days.last()).toBeVisible();
  expect(await days.count()).toBeGreaterThan(364);
  await lookAtBoth(page, "runs-calendar");
  await days.and(page.locator("[tabindex='0']")).focus();
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("ArrowUp");
  const asked = page.waitForRequest((request) => request.url().includes("until="));
  await page.keyboard.press("Enter");
  await asked;
  await expect(page).toHaveURL(/\/runs\?day=\d{4}-\d\d-\d\d$/);
  await page.goBack();
  await expect(page).toHaveURL("/runs?as=calendar");
});

test("grid and calendar are never blank", async ({ page }) => {
  await serve(page, {
    "GET /api/runs/calendar": { json: calendar(0) },
    "GET /api/pipelines/p-flights/grid": { json: { nodes: [], runs: [] } },
    "GET /api/pipelines/p-weather/grid": refusal(403, "forbidden", "This needs runs.view."),
    "GET /api/pipelines/p-orders/grid": "never",
  });
  await page.goto("/runs?as=calendar");
  await expect(page.getByText("No runs in this year")).toBeVisible();
  await page.goto("/runs?as=grid&pipeline=p-flights");
  await expect(page.getByText("No runs yet")).toBeVisible();
  await page.goto("/runs?as=grid&pipeline=p-weather");
  await expect(page.getByText("You may not see this")).toBeVisible();
  await page.goto("/runs?as=grid&pipeline=p-orders");
  await expect(page.getByRole("status", { name: "Loading" })).toBeVisible();
});

test("two runs are chosen and compared", async ({ page }) => {
  await serve(page, {
    "GET /api/runs/r-b": { json: finished },
    "GET /api/runs/r-b/columns": { json: columnsBefore },
    "GET /api/runs/r-d": { json: changedRun },
    "GET /api/runs/r-d/columns": { json: columnsAfter },
  });
  await page.goto("/runs");
  await page.getByLabel(/^Compare run r-b/).check();
  await expect(page.getByText("choose another")).toBeVisible();
  await page.getByLabel(/^Compare run r-d/).check();
  await expect(page).toHaveURL("/runs?pick=r-b%2Cr-d");
  await lookAtBoth(page, "runs-picked");
  await page.getByRole("link", { name: "Compare", exact: true }).click();
  await expect(page).toHaveURL("/runs/compare?a=r-b&b=r-d");
  await expect(page.getByText("3 of 6 differ")).toBeVisible();
  const sums = page.getByRole("row", { name: /Delay per carrier/ });
  await expect(sums).toContainText("DOUBLE became DECIMAL(18,3)");
  await expect(page.getByRole("row", { name: /Late ones only/ })).toContainText("−41 %");
  await lookAtBoth(page, "compare");
  await page.getByRole("switch", { name: "Only what differs" }).click();
  await expect(page).toHaveURL("/runs/compare?a=r-b&b=r-d&only=changed");
  await expect(page.getByRole("row")).toHaveCount(4);
  await page.getByRole("link", { name: "Swap" }).click();
  await expect(page).toHaveURL("/runs/compare?a=r-d&b=r-b");
});

test("a comparison that lacks a run, or may not be seen, says so", async ({ page }) => {
  await serve(page, { "GET /api/runs/r-d": "never" });
  await page.goto("/runs/compare?a=r1");
  await expect(page.getByText("Two runs are needed")).toBeVisible();
  await page.goto("/runs/compare?a=r1&b=r-d");
  await expect(page.getByRole("status", { name: "Loading" })).toBeVisible();
  await page.goto("/runs/compare?a=r1&b=gone");
  await expect(page.getByText("This does not exist")).toBeVisible();
});

test("runs are read on a phone", async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await serve(page);
  for (const view of ["", "?as=grid&pipeline=p-flights", "?as=calendar"]) {
    await page.goto(`/runs${view}`);
    await expect(page.getByRole("table")).toBeVisible();
    expect(await overflow(page)).toBe(0);
    await page.screenshot({ path: `e2e/shots/phone-runs${view.slice(4, 8)}.png` });
  }
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
  await expect(page.getByText("No run fits")).toBeVisible();
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
