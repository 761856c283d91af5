import { expect, test } from "@playwright/test";
import { lookAtBoth } from "./check";
import { page as listOf, refusal, serve, tell } from "./server";

const list = "GET /api/pipelines/p-flights/backfills";
const preview = "POST /api/pipelines/p-flights/backfills/preview";

const running = {
  id: "b2",
  start: "2025-01-01T00:00:00Z",
  end: "2026-01-01T00:00:00Z",
  interval: "@daily",
  timezone: "Europe/Berlin",
  concurrency: 2,
  status: "running",
  progress: { total: 365, done: 120, failed: 1, cancelled: 0, running: 2, skipped: 30 },
  started_by: "ada",
  created_at: "2026-03-01T10:00:00Z",
  finished_at: null,
};

const paused = {
  ...running,
  id: "b1",
  status: "paused",
  reason: "run r7 has failed",
  progress: { total: 31, done: 4, failed: 1, cancelled: 0, running: 0, skipped: 0 },
};

test("backfills show how far they are, and are paused, continued and cancelled", async ({
  page,
}) => {
  await serve(page, {
    [list]: { json: listOf([running, paused]) },
    "POST /api/backfills/b2/pause": { json: { ...running, status: "paused" } },
    "POST /api/backfills/b1/continue": refusal(409, "backfill_done", "The backfill is done."),
    "POST /api/backfills/b2/cancel": { json: { ...running, status: "cancelled" } },
  });
  await page.goto("/pipelines/p-flights");
  await page.getByRole("tab", { name: "Backfills" }).click();
  await expect(page).toHaveURL("/pipelines/p-flights?tab=backfills");
  await expect(page.getByText("120 of 365 done, 2 under way, 1 failed, 30 skipped")).toBeVisible();
  await expect(page.getByText("It pauses: run r7 has failed.")).toBeVisible();
  await lookAtBoth(page, "backfills");
  const sent = page.waitForRequest("**/backfills/b2/pause");
  await page.getByRole("button", { name: "Pause" }).click();
  await sent;
  await page.getByRole("button", { name: "Continue" }).click();
  await expect(page.getByText("The backfill was not changed")).toBeVisible();
  await page.getByRole("button", { name: "Cancel" }).first().click();
  const ended = page.waitForRequest("**/backfills/b2/cancel");
  await page.getByRole("button", { name: "Cancel it" }).click();
  await ended;
  await expect(page.getByRole("dialog")).toBeHidden();
});

test("they are asked for again when a run has changed", async ({ page }) => {
  await serve(page, { [list]: { json: listOf([running]) } });
  await page.goto("/pipelines/p-flights?tab=backfills");
  await expect(page.getByText("120 of 365 done")).toBeVisible();
  const again = page.waitForRequest("**/backfills?limit=25");
  await tell(page, "/api/events", { type: "run.changed", run_id: "r9", status: "success" });
  await again;
});

test("a new one says how many intervals it has before it starts", async ({ page }) => {
  await serve(page, {
    [list]: { json: listOf([]) },
    [preview]: {
      json: {
        intervals: 31,
        first: { start: "2025-03-01T00:00:00Z", end: "2025-03-02T00:00:00Z" },
        last: { start: "2025-03-31T00:00:00Z", end: "2025-04-01T00:00:00Z" },
        description: "Every day",
      },
    },
    "POST /api/pipelines/p-flights/backfills": { status: 201, json: running },
  });
  await page.goto("/pipelines/p-flights?tab=backfills");
  await page.getByRole("button", { name: "New backfill" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("First day").fill("2025-03-01");
  await dialog.getByLabel("Last day").fill("2025-03-31");
  await expect(dialog.getByRole("status")).toContainText("31 intervals");
  await dialog.getByText("Day", { exact: true }).click();
  await dialog.getByText("Newest first").click();
  await dialog.getByLabel("Pause when a run fails").check();
  await lookAtBoth(page, "backfill-dialog");
  await dialog.getByRole("textbox", { name: "month" }).fill(`\${interval.day}`);
  const sent = page.waitForRequest((r) => r.url().endsWith("/backfills") && r.method() === "POST");
  await dialog.getByRole("button", { name: "Start" }).click();
  expect((await sent).postDataJSON()).toEqual({
    start: "2025-03-01",
    end_date: "2025-03-31",
    interval: "day",
    concurrency: 1,
    order: "newest",
    force: false,
    on_failure: "pause",
    params: { month: `\${interval.day}` },
  });
  await expect(dialog).toBeHidden();
});

test("what is wrong with one is said beside its field", async ({ page }) => {
  await serve(page, {
    [list]: { json: listOf([]) },
    [preview]: {
      status: 400,
      json: {
        error: "the backfill cannot be started",
        code: "invalid_backfill",
        request_id: "req-1",
        problems: [{ path: "end", message: "the last interval has not come" }],
      },
    },
  });
  await page.goto("/pipelines/p-flights?tab=backfills");
  await page.getByRole("button", { name: "New backfill" }).click();
  await page.getByLabel("First day").fill("2025-03-01");
  await page.getByLabel("Last day").fill("2999-03-31");
  await expect(page.getByText("The last interval has not come.")).toBeVisible();
});

test("without the permission nothing can be started", async ({ page }) => {
  await serve(page, {
    [list]: { json: listOf([running]) },
    "GET /api/auth/me/permissions": { json: ["pipelines.view", "runs.view"] },
  });
  await page.goto("/pipelines/p-flights?tab=backfills");
  await expect(page.getByText("120 of 365 done")).toBeVisible();
  for (const name of ["New backfill", "Pause", "Cancel"]) {
    await expect(page.getByRole("button", { name })).toBeHidden();
  }
});

test("a list that does not come is told, and one that takes its time", async ({ page }) => {
  await serve(page, { [list]: refusal(500, "internal", "Something went wrong on our side.") });
  await page.goto("/pipelines/p-flights?tab=backfills");
  await expect(page.getByRole("alert")).toContainText("Something went wrong");
  await serve(page, { [list]: "never" });
  await page.reload();
  await expect(page.getByRole("status", { name: "Loading" }).first()).toBeVisible();
});
