import { expect, test } from "@playwright/test";
import { lookAtBoth } from "./check";
import * as fixtures from "./fixtures";
import { refusal, serve } from "./server";

const path = "/api/pipelines/p-flights/webhook";
const webhook = {
  path,
  token_end: "c0de",
  signed: true,
  paused: false,
  created_at: "2026-03-01T08:00:00Z",
  last_run_id: "r1",
  last_at: "2026-03-01T09:00:00Z",
};

test("a webhook is made, and its token is shown once", async ({ page }) => {
  await serve(page, {
    [`GET ${path}`]: { status: 204 },
    [`PUT ${path}`]: { json: { ...webhook, token: "whk_0123c0de", secret: "whsec_c2VjcmV0" } },
  });
  await page.goto("/pipelines/p-flights?tab=triggers");
  await page.getByRole("button", { name: "Make a webhook" }).click();
  await lookAtBoth(page, "pipeline-webhook-new");
  const sent = page.waitForRequest((request) => request.method() === "PUT");
  await page.getByRole("button", { name: "Make the webhook" }).click();
  expect((await sent).postDataJSON()).toEqual({ signed: true });
  await expect(page.getByLabel("Token", { exact: true })).toHaveValue("whk_0123c0de");
  await expect(page.getByLabel("Secret of the signatures", { exact: true })).toHaveValue(
    "whsec_c2VjcmV0",
  );
  await page.getByRole("button", { name: "Done" }).click();
  await expect(page.getByText("whk_0123c0de")).toHaveCount(0);
});

test("a webhook is paused and removed", async ({ page }) => {
  await serve(page, {
    [`GET ${path}`]: { json: webhook },
    [`POST ${path}/pause`]: { json: { ...webhook, paused: true } },
    [`DELETE ${path}`]: { status: 204 },
  });
  await page.goto("/pipelines/p-flights");
  await page.getByRole("tab", { name: "Triggers" }).click();
  await expect(page).toHaveURL("/pipelines/p-flights?tab=triggers");
  await expect(page.getByText("Token ends with c0de")).toBeVisible();
  await lookAtBoth(page, "pipeline-triggers");
  await page.getByRole("switch", { name: "On", exact: true }).press("Space");
  await expect(page.getByText("Paused", { exact: true })).toBeVisible();
  await page.getByRole("button", { name: "Remove…" }).click();
  await page.getByRole("button", { name: "Remove", exact: true }).click();
  await expect(page.getByRole("button", { name: "Make a webhook" })).toBeVisible();
});

test("a webhook that cannot be read says so", async ({ page }) => {
  await serve(page, { [`GET ${path}`]: refusal(503, "unavailable", "Not now.") });
  await page.goto("/pipelines/p-flights?tab=triggers");
  await expect(page.getByText("Not now.")).toBeVisible();
});

const upstream = {
  pipeline_id: "p-sales",
  slug: "sales",
  name: "Sales",
  state: "succeeded",
  mode: "gate",
  satisfied: false,
  reason: "upstream Sales not finished",
  missing: false,
};

test("what a pipeline depends on is shown, paused and added", async ({ page }) => {
  await serve(page, {
    [`GET ${path}`]: { status: 204 },
    "GET /api/pipelines/p-flights": { json: { ...fixtures.flights, depends_on: ["sales"] } },
    "GET /api/pipelines/p-flights/deps": {
      json: { satisfied: false, reason: upstream.reason, deps: [upstream] },
    },
    "PUT /api/pipelines/p-flights": { json: fixtures.flights },
  });
  await page.goto("/pipelines/p-flights?tab=triggers");
  const part = page.getByRole("region", { name: "Other pipelines" });
  await expect(part.getByText("Closed: upstream Sales not finished")).toBeVisible();
  await lookAtBoth(page, "pipeline-dependencies");
  const paused = page.waitForRequest((request) => request.method() === "PUT");
  await part.getByRole("switch", { name: "Wait for Sales" }).press("Space");
  expect((await paused).postDataJSON()).toEqual({
    depends_on: [],
    dependency_rules: [{ pipeline_id: "p-sales", mode: "gate", state: "succeeded", paused: true }],
  });
  expect((await paused).headers()["if-match"]).toBe(`"${fixtures.flights.version}"`);

  await part.getByRole("button", { name: "Add a pipeline" }).click();
  const dialog = page.getByRole("dialog", { name: "Another pipeline" });
  await dialog.getByLabel("Pipeline").selectOption({ index: 1 });
  await dialog.getByLabel("What for").selectOption("trigger");
  await dialog.getByLabel("When").selectOption("completed");
  await lookAtBoth(page, "pipeline-dependency-new");
  const added = page.waitForRequest((request) => request.method() === "PUT");
  await dialog.getByRole("button", { name: "Add" }).click();
  const [rule] = (await added).postDataJSON().dependency_rules;
  expect(rule).toMatchObject({ mode: "trigger", state: "completed" });
  await expect(dialog).toBeHidden();
});

const watcher = {
  name: "deliveries",
  type: "file",
  path: "in/*.csv",
  stable_for: "30s",
  active: true,
  problem: '"in/*.csv" matches 10001 files',
};

test("triggers on files and contacts are shown, paused, added and removed", async ({ page }) => {
  const at = "/api/pipelines/p-flights/triggers";
  await serve(page, {
    [`GET ${path}`]: { status: 204 },
    "GET /api/pipelines/p-flights": {
      json: { ...fixtures.flights, triggers: [{ name: "deliveries", type: "file", path: "in/*" }] },
    },
    [`GET ${at}`]: { json: [watcher] },
    "GET /api/connections": {
      json: [
        { conn_id: "lake", type: "s3" },
        { conn_id: "shop", type: "postgres" },
      ],
    },
    [`POST ${at}/deliveries/pause`]: { json: [{ ...watcher, paused: true }] },
    "PUT /api/pipelines/p-flights": {
      status: 400,
      json: {
        error: "The pipeline cannot be saved.",
        code: "invalid_document",
        request_id: "req-1",
        problems: [{ path: "triggers[1].name", message: "must be lower-case letters" }],
      },
    },
  });
  await page.goto("/pipelines/p-flights?tab=triggers");
  const part = page.getByRole("region", { name: "Files and contacts" });
  await expect(part.getByText("Files in/*.csv, as they are for 30s")).toBeVisible();
  await expect(part.getByText("matches 10001 files")).toBeVisible();
  await lookAtBoth(page, "pipeline-watchers");
  const paused = page.waitForRequest((request) => request.url().endsWith("/deliveries/pause"));
  await part.getByRole("switch", { name: "deliveries" }).press("Space");
  await paused;

  await part.getByRole("button", { name: "Add a trigger" }).click();
  const dialog = page.getByRole("dialog", { name: "A trigger" });
  await dialog.getByLabel("Name").fill("New leads");
  await dialog.getByLabel("Where").selectOption("lake");
  await dialog.getByLabel("Path or pattern").fill("in/*.csv");
  await dialog.getByLabel("Looked at every").fill("5m");
  await lookAtBoth(page, "pipeline-watcher-far");
  const far = page.waitForRequest((request) => request.method() === "PUT");
  await dialog.getByRole("button", { name: "Add" }).click();
  expect((await far).postDataJSON().triggers[1]).toEqual({
    name: "New leads",
    type: "file",
    conn_id: "lake",
    path: "in/*.csv",
    stable_for: "10s",
    every: "5m",
  });
  await expect(dialog.getByText("Must be lower-case letters.")).toBeVisible();
  await dialog.getByLabel("What starts runs").selectOption("contacts");
  await dialog.getByLabel("Of", { exact: true }).selectOption("recruiting");
  await dialog.getByLabel("When one is updated").press("Space");
  await lookAtBoth(page, "pipeline-watcher-new");
  const added = page.waitForRequest((request) => request.method() === "PUT");
  await dialog.getByRole("button", { name: "Add" }).click();
  expect((await added).postDataJSON().triggers[1]).toEqual({
    name: "New leads",
    type: "contacts",
    events: ["created"],
    quiet_for: "10s",
    product: "recruiting",
  });
  await expect(dialog.getByText("Must be lower-case letters.")).toBeVisible();
  await dialog.getByRole("button", { name: "Not now" }).click();
  const removed = page.waitForRequest((request) => request.method() === "PUT");
  await part.getByRole("button", { name: "Remove deliveries" }).click();
  expect((await removed).postDataJSON()).toEqual({ triggers: [] });
});

test("triggers that cannot be read say so", async ({ page }) => {
  await serve(page, {
    [`GET ${path}`]: { status: 204 },
    "GET /api/pipelines/p-flights/triggers": refusal(503, "unavailable", "Not now."),
    "GET /api/pipelines/p-flights/deps": "never",
  });
  await page.goto("/pipelines/p-flights?tab=triggers");
  await expect(page.getByText("Not now.")).toBeVisible();
});
