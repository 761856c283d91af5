import { readFileSync } from "node:fs";
import { expect, test } from "@playwright/test";
import { lookAtBoth } from "./check";
import { refusal, serve } from "./server";

const document = JSON.parse(readFileSync("../docs/openapi.json", "utf8"));
const usual = { "GET /api/openapi.json": { json: document } };

test("an operation with its schemas, as curl, and tried", async ({ page }) => {
  await serve(page, { ...usual, "GET /api/search": { json: [{ type: "pipeline", id: "p1" }] } });
  await page.goto("/api-reference");
  await page.getByLabel("Search operations").fill("search GET");
  await page.getByRole("link", { name: "GET /api/search" }).click();
  await expect(page).toHaveURL(/op=/);
  await expect(page.getByRole("heading", { name: /^Find pipelines, connections/ })).toBeVisible();
  await expect(page.getByText("pipelines.view")).toBeVisible();
  await page.getByLabel("q", { exact: true }).fill("a b");
  await expect(page.locator("pre").first()).toContainText("/api/search?q=a+b");
  await page.getByRole("button", { name: "Send GET" }).click();
  await expect(page.getByText('"id": "p1"')).toBeVisible();
  await lookAtBoth(page, "api-reference");
});

test("an operation that changes something says so, and how it was refused", async ({ page }) => {
  await serve(page, {
    ...usual,
    "POST /api/runs/r1/query": refusal(400, "query_failed", "there is no table"),
  });
  await page.goto("/api-reference?q=run%20query");
  await page.getByRole("link", { name: "POST /api/runs/{run}/query", exact: true }).click();
  await expect(page.getByText("This is no rehearsal")).toBeVisible();
  await expect(page.getByRole("button", { name: "Send POST" })).toBeDisabled();
  await page.getByRole("textbox", { name: "run", exact: true }).fill("r1");
  await page.getByRole("button", { name: "Send POST" }).click();
  await expect(page.getByText('"code": "query_failed"')).toBeVisible();
  await page.getByText("Members of Table").click();
  await expect(page.getByText("node_name").first()).toBeVisible();
  await lookAtBoth(page, "api-reference-post");
});

test("nothing found, and no document", async ({ page }) => {
  await serve(page, usual);
  await page.goto("/api-reference?q=zzz");
  await expect(page.getByText("Nothing can be called that has these words")).toBeVisible();
  await serve(page, { "GET /api/openapi.json": refusal(503, "unavailable", "Not now.") });
  await page.goto("/api-reference");
  await expect(page.getByRole("button", { name: "Try again" })).toBeVisible();
});
