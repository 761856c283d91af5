import { expect, test } from "@playwright/test";
import { lookAtBoth } from "./check";
import { flights } from "./fixtures";
import { page as listOf, refusal, serve } from "./server";

test("the canvas draws the pipeline and a node shows its settings", async ({ page }) => {
  await serve(page);
  await page.goto("/pipelines/p-flights");
  await expect(page.getByRole("group", { name: "Late ones only, Filter" })).toBeVisible();
  await lookAtBoth(page, "pipeline");
  await page.getByRole("group", { name: "Read flights, File" }).click();
  await expect(page).toHaveURL("/pipelines/p-flights?node=flights");
  await expect(page.getByText("examples/data/flights.csv")).toBeVisible();
  await lookAtBoth(page, "pipeline-node");
});

test("a node is chosen by keyboard", async ({ page }) => {
  await serve(page);
  await page.goto("/pipelines/p-flights");
  await page.getByRole("group", { name: "Read flights, File" }).focus();
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL("/pipelines/p-flights?node=flights");
});

test("running asks for the parameters and opens the run", async ({ page }) => {
  await serve(page, {
    "POST /api/pipelines/p-flights/run": {
      status: 202,
      json: { id: "r1", run_id: "r1", pipeline_id: "p-flights", status: "pending" },
    },
  });
  await page.goto("/pipelines/p-flights");
  await page.getByRole("button", { name: "Run", exact: true }).click();
  await page.getByLabel("min_delay").fill("30");
  await lookAtBoth(page, "pipeline-params");
  const sent = page.waitForRequest("**/run");
  await page.getByRole("dialog").getByRole("button", { name: "Run" }).click();
  expect((await sent).postDataJSON()).toEqual({ params: { min_delay: "30", month: "2026-02" } });
  await expect(page).toHaveURL("/runs/r1");
});

test("versions are compared and gone back to", async ({ page }) => {
  await serve(page, {
    "POST /api/pipelines/p-flights/rollback": { json: flights },
    "GET /api/pipelines/p-flights/versions/3/diff": { json: { changes: [] } },
  });
  await page.goto("/pipelines/p-flights?tab=versions");
  await expect(page.getByText("delay >= min_delay")).toBeVisible();
  await lookAtBoth(page, "pipeline-versions");
  await page.getByRole("button", { name: /rollback to v1/ }).click();
  await expect(page.getByText("The two versions are the same")).toBeVisible();
  await page.getByRole("button", { name: "Go back to version 3" }).click();
  const sent = page.waitForRequest("**/rollback");
  await page.getByRole("button", { name: "Go back", exact: true }).click();
  expect((await sent).postDataJSON()).toEqual({ version: 3 });
  await expect(page.getByText("again as it was in version 3")).toBeVisible();
});

test("the YAML can be read and copied", async ({ page }) => {
  await serve(page);
  await page.goto("/pipelines/p-flights?tab=yaml");
  await expect(page.getByLabel("The pipeline as YAML")).toContainText("type: source_file");
  await lookAtBoth(page, "pipeline-yaml");
});

test("the runs of one pipeline", async ({ page }) => {
  await serve(page);
  await page.goto("/pipelines/p-flights?tab=runs");
  await expect(page.getByRole("row")).toHaveCount(7);
  await lookAtBoth(page, "pipeline-runs");
  await serve(page, { "GET /api/runs": { json: listOf([]) } });
  await page.reload();
  await expect(page.getByText("It has never run")).toBeVisible();
});

test("loading, missing and empty pipelines say so", async ({ page }) => {
  await serve(page, { "GET /api/pipelines/p-flights": "never" });
  await page.goto("/pipelines/p-flights");
  await expect(page.getByRole("status", { name: "Loading" })).toBeVisible();
  await lookAtBoth(page, "pipeline-loading");
  await page.goto("/pipelines/gone");
  await expect(page.getByText("This does not exist")).toBeVisible();
  await lookAtBoth(page, "pipeline-missing");
  await serve(page, {
    "GET /api/pipelines/p-flights": { json: { ...flights, nodes: [], edges: [] } },
  });
  await page.goto("/pipelines/p-flights");
  await expect(page.getByText("This pipeline has no nodes")).toBeVisible();
});

test("who may not run is not offered to", async ({ page }) => {
  await serve(page, { "GET /api/auth/me/permissions": { json: ["pipelines.view"] } });
  await page.goto("/pipelines/p-flights");
  await expect(page.getByRole("group", { name: "Read flights, File" })).toBeVisible();
  await expect(page.getByRole("button", { name: "Run", exact: true })).toHaveCount(0);
});

test("a refused run says why", async ({ page }) => {
  await serve(page, {
    "GET /api/pipelines/p-flights": { json: { ...flights, params: {} } },
    "POST /api/pipelines/p-flights/run": refusal(409, "draft", "A draft does not run."),
  });
  await page.goto("/pipelines/p-flights");
  await page.getByRole("button", { name: "Run", exact: true }).click();
  await expect(page.getByText("A draft does not run.")).toBeVisible();
});

test("what a node keeps is told beside it, and can be forgotten", async ({ page }) => {
  const at = "2026-07-01T06:00:00Z";
  const kept = [{ node_id: "flights", state: { after: "x" }, run_id: "r1", updated_at: at }];
  const answers = { "GET /api/pipelines/p-flights/states": { json: kept } };
  await serve(page, answers);
  await page.goto("/pipelines/p-flights?node=flights");
  await expect(page.getByText("Remembers how far it has come")).toBeVisible();
  await lookAtBoth(page, "pipeline-node-kept");
  await serve(page, {
    "DELETE /api/pipelines/p-flights/states/flights": { json: {} },
    "GET /api/pipelines/p-flights/states": { json: [] },
  });
  await page.getByRole("button", { name: "Forget…" }).click();
  await page.getByRole("button", { name: "Forget", exact: true }).click();
  await expect(page.getByText("starts from the beginning")).toBeVisible();
  await expect(page.getByText("Remembers how far it has come")).toBeHidden();
});

test("a schedule is paused by its switch", async ({ page }) => {
  const one = { name: "workdays", cron: "0 9 * * 1-5", description: "At 09:00", next_run_at: null };
  await serve(page, {
    "GET /api/pipelines/p-flights": { json: { ...flights, schedules: [one] } },
    "GET /api/pipelines/p-flights/schedules": { json: [one] },
  });
  await page.goto("/pipelines/p-flights");
  const toggle = page.getByRole("switch", { name: /Schedule workdays/ });
  await expect(toggle).toBeChecked();
  const asked = page.waitForRequest("**/api/pipelines/p-flights/schedules/workdays/pause");
  await toggle.click();
  expect((await asked).method()).toBe("POST");
});

test("each parameter of a run has the input of its type", async ({ page }) => {
  const parameters = {
    day: { type: "date", required: true },
    mode: { one_of: ["full", "part"] },
    strict: { type: "boolean" },
    rows: { type: "integer" },
  };
  const params = { mode: "odd" };
  await serve(page, {
    "GET /api/pipelines/p-flights": { json: { ...flights, parameters, params } },
    "POST /api/pipelines/p-flights/run": { json: { id: "r1", run_id: "r1" } },
  });
  await page.goto("/pipelines/p-flights?tab=runs");
  await page.getByRole("button", { name: "Run", exact: true }).click();
  await expect(page.getByLabel("mode")).toHaveValue("odd");
  await page.getByLabel("mode").selectOption("part");
  await page.getByLabel("strict").selectOption("true");
  await page.getByLabel("day").fill("2026-03-01");
  await lookAtBoth(page, "run-typed-parameters");
  const sent = page.waitForRequest("**/run");
  await page.getByRole("dialog").getByRole("button", { name: "Run" }).click();
  expect((await sent).postDataJSON()).toEqual({
    params: { day: "2026-03-01", mode: "part", strict: "true" },
  });
});
