import { expect, type Page, test } from "@playwright/test";
import { lookAtBoth } from "./check";
import { preview } from "./fixtures";
import { refusal, serve } from "./server";
import { broken, pin, shown, upToLate } from "./trials";

const dryRun = "POST /api/pipelines/p-flights/dry-run";

async function tryIt(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Try", exact: true }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Try" }).click();
}

test("trying asks for rows and parameters, and shows what comes out of every node", async ({
  page,
}) => {
  await serve(page, { [dryRun]: { json: shown } });
  await page.goto("/pipelines/p-flights?tab=runs");
  await page.getByRole("button", { name: "Try", exact: true }).click();
  await page.getByLabel("min_delay").fill("30");
  await lookAtBoth(page, "trial-dialog");
  const sent = page.waitForRequest("**/dry-run");
  await page.getByRole("dialog").getByRole("button", { name: "Try" }).click();
  expect((await sent).postDataJSON()).toEqual({
    rows: 100,
    params: { min_delay: "30", month: "2026-02" },
  });
  await expect(page.getByText("A trial of 100 rows per source: nothing was written")).toBeVisible();
  await expect(page).toHaveURL("/pipelines/p-flights");
  await lookAtBoth(page, "trial");
  await page.getByRole("group", { name: "Read flights, File, Success, 100 rows" }).click();
  await expect(page.getByText("The first 50 of 100 rows, 6 columns")).toBeVisible();
  await expect(
    page.getByRole("region", { name: "Rows" }).getByText("JetBlue Airways").first(),
  ).toBeVisible();
  await expect(page.getByText("3 values of dep_delay are empty")).toBeVisible();
  await lookAtBoth(page, "trial-node");
  await page.getByRole("link", { name: "Runs" }).click();
  await page.goBack();
  await expect(page.getByText("nothing was written")).toBeVisible();
  await page.getByRole("button", { name: "Close", exact: true }).click();
  await expect(page.getByText("nothing was written")).toBeHidden();
  await expect(page.getByRole("group", { name: "Read flights, File", exact: true })).toBeVisible();
});

test("a node is tried with what leads to it", async ({ page }) => {
  await serve(page, { [dryRun]: { json: upToLate } });
  await page.goto("/pipelines/p-flights?node=late");
  const sent = page.waitForRequest("**/dry-run");
  await page.getByRole("button", { name: "Run to here" }).click();
  expect((await sent).postDataJSON()).toEqual({
    rows: 100,
    params: { min_delay: "15", month: "2026-02" },
    until: "late",
  });
  await expect(page.getByText("A trial of 100 rows per source up to Late ones only")).toBeVisible();
  await expect(page.getByText("All 2 rows, 6 columns")).toBeVisible();
});

test("a node that fails in a trial tells why", async ({ page }) => {
  await serve(page, { [dryRun]: { json: broken } });
  await page.goto("/pipelines/p-flights");
  await tryIt(page);
  await page.getByRole("button", { name: "Late ones only" }).click();
  await expect(page.getByText('Did you mean "dep_delay"?')).toBeVisible();
  await lookAtBoth(page, "trial-failed");
});

test("a refused trial says why where it was asked for", async ({ page }) => {
  await serve(page, {
    [dryRun]: {
      status: 422,
      json: {
        error: "the trial cannot be run",
        code: "invalid",
        problems: [{ path: "rows", message: "must be 1 to 10,000" }],
      },
    },
  });
  await page.goto("/pipelines/p-flights");
  await tryIt(page);
  await expect(page.getByText("Must be 1 to 10,000.")).toBeVisible();
  await serve(page, { [dryRun]: refusal(503, "busy", "The server is too busy to try it.") });
  await page.getByRole("dialog").getByRole("button", { name: "Try" }).click();
  await expect(page.getByRole("dialog").getByText("too busy to try it")).toBeVisible();
});

test("a trial that is under way can be left, come back to and stopped", async ({ page }) => {
  await serve(page, { [dryRun]: "never" });
  await page.goto("/pipelines/p-flights");
  await tryIt(page);
  await expect(page.getByText("Trying 100 rows per source.")).toBeVisible();
  await lookAtBoth(page, "trial-under-way");
  await page.getByRole("link", { name: "Runs" }).click();
  await expect(page.getByRole("heading", { name: "Runs" })).toBeVisible();
  await page.goBack();
  await expect(page.getByText("Trying 100 rows per source.")).toBeVisible();
  await page.getByRole("button", { name: "Stop" }).click();
  await expect(page.getByText("Trying 100 rows per source.")).toBeHidden();
  await expect(page.getByRole("dialog")).toHaveCount(0);
});

test("who may not run is not offered to try", async ({ page }) => {
  await serve(page, { "GET /api/auth/me/permissions": { json: ["pipelines.view"] } });
  await page.goto("/pipelines/p-flights?node=late");
  await expect(page.getByText("delay >= min_delay")).toBeVisible();
  await expect(page.getByRole("button", { name: "Try", exact: true })).toHaveCount(0);
  await expect(page.getByRole("button", { name: "Run to here" })).toHaveCount(0);
});

const pins = "GET /api/pipelines/p-flights/pins";
const flightsPin = "/api/pipelines/p-flights/pins/flights";

test("rows that a trial has shown are pinned", async ({ page }) => {
  await serve(page, { [dryRun]: { json: shown } });
  await page.goto("/pipelines/p-flights?node=flights");
  await tryIt(page);
  await serve(page, { [pins]: { json: [pin] }, [`PUT ${flightsPin}`]: { json: pin } });
  const sent = page.waitForRequest("**/pins/flights");
  await page.getByRole("button", { name: "Pin these rows" }).click();
  expect((await sent).postDataJSON()).toEqual({
    columns: preview.types,
    rows: preview.rows.slice(0, 50),
  });
  await expect(page.getByText(/5 rows pinned by ada, \d+ h ago/)).toBeVisible();
  await expect(page.getByRole("group", { name: /^Read flights.*, rows pinned$/ })).toBeVisible();
  await expect(page.getByRole("button", { name: "Pin these rows" })).toHaveCount(0);
  await lookAtBoth(page, "trial-pinned");
});

test("pinned rows are edited and taken away", async ({ page }) => {
  const problems = [{ path: "rows", message: 'row 1 has a column "id" twice' }];
  const refused = { error: "the rows cannot be pinned", code: "invalid", problems };
  await serve(page, {
    [pins]: { json: [pin] },
    [`PUT ${flightsPin}`]: { status: 422, json: refused },
    [`DELETE ${flightsPin}`]: { json: {} },
  });
  await page.goto("/pipelines/p-flights?node=flights");
  await page.getByRole("button", { name: "Edit pinned rows" }).click();
  const rows = page.getByRole("textbox", { name: "Rows" });
  await rows.fill("[{");
  await page.getByRole("button", { name: "Pin", exact: true }).click();
  await expect(page.getByText("This is not JSON")).toBeVisible();
  await rows.fill('[{"carrier": "UA"}]');
  const sent = page.waitForRequest("**/pins/flights");
  await page.getByRole("button", { name: "Pin", exact: true }).click();
  expect((await sent).postDataJSON()).toEqual({
    columns: preview.types,
    rows: [{ carrier: "UA" }],
  });
  await expect(page.getByText('Row 1 has a column "id" twice.')).toBeVisible();
  await lookAtBoth(page, "trial-pin-edit");
  await page.getByRole("button", { name: "Keep as it is" }).click();
  await serve(page, { [`DELETE ${flightsPin}`]: { json: {} } });
  await page.getByRole("button", { name: "Unpin" }).click();
  await expect(page.getByText("pinned by ada")).toBeHidden();
});

test("who may not edit sees pinned rows and leaves them", async ({ page }) => {
  const permissions = { json: ["pipelines.view"] };
  await serve(page, { [pins]: { json: [pin] }, "GET /api/auth/me/permissions": permissions });
  await page.goto("/pipelines/p-flights?node=flights");
  await expect(page.getByText("5 rows pinned by ada")).toBeVisible();
  await expect(page.getByRole("button", { name: "Unpin" })).toHaveCount(0);
});
