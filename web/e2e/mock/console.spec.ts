import { expect, type Page, test } from "@playwright/test";
import { lookAtBoth } from "./check";
import * as fixtures from "./fixtures";
import { type Answers, refusal, serve, page as stretch } from "./server";

const columns = [
  { name: "day", type: "DATE" },
  { name: "carrier", type: "VARCHAR" },
  { name: "delay", type: "DOUBLE" },
];

const tables = [
  {
    table: "flights",
    run_id: "r1",
    node_id: "flights",
    node_name: "Flights",
    rows: 1_251_830,
    kept: true,
    columns,
  },
  {
    table: "sums",
    run_id: "r1",
    node_id: "sums",
    node_name: "Sum by carrier",
    rows: 14,
    kept: false,
    columns,
  },
];

const rows = Array.from({ length: 10_000 }, (_, i) => [
  new Date(Date.UTC(2000, 0, 1 + i)).toISOString().slice(0, 10),
  i % 3 === 0 ? null : `Carrier ${i % 14}`,
  Math.round(1000 * Math.sin(i / 90)) / 10,
]);

const answer = { columns, rows, truncated: true, duration_ms: 74, tables: tables.slice(1) };

const usual: Answers = {
  "GET /api/runs/r1/tables": { json: tables },
  "POST /api/runs/r1/query": { json: answer },
};

async function open(page: Page, search: string, answers: Answers = {}): Promise<void> {
  await serve(page, { ...usual, ...answers });
  await page.goto(`/console${search}`);
}

test("rows of a node, 10,000 of them, and a chart", async ({ page }) => {
  await open(page, "?run=r1&node=sums");
  await expect(page.getByText("The first 10,000 rows, 3 columns, 74 ms")).toBeVisible();
  await expect(page.getByText("Of a sample: sums")).toBeVisible();
  await expect(page.getByRole("textbox", { name: "SQL" })).toContainText("FROM sums");
  const shown = page.getByRole("region", { name: "Rows" });
  await shown.evaluate((table) => table.scrollTo(0, table.scrollHeight));
  await expect(shown.getByText("2027-05-18")).toBeVisible();
  expect(await shown.getByRole("row").count()).toBeLessThan(100);
  await lookAtBoth(page, "console");
  await page.getByText("Chart", { exact: true }).click();
  await expect(page.getByRole("img", { name: /^delay: 2000 values/ })).toBeVisible();
  await lookAtBoth(page, "console-chart");
  await page.getByLabel("Along").selectOption("Along: carrier");
  await expect(page.getByRole("img", { name: /^delay/ })).toBeVisible();
});

test("a statement is written with what is offered, run by keyboard, and remembered", async ({
  page,
}) => {
  await open(page, "?run=r1");
  const code = page.getByRole("textbox", { name: "SQL" });
  await code.click();
  await page.keyboard.press("ControlOrMeta+A");
  await page.keyboard.type("SELECT carr");
  await page.keyboard.press("Escape");
  await page.keyboard.type("ier FROM fli");
  await page.getByRole("option", { name: "flights" }).click();
  const asked = page.waitForRequest("**/query");
  await page.keyboard.press("ControlOrMeta+Enter");
  const body = (await asked).postDataJSON();
  expect(body).toEqual({ sql: "SELECT carrier FROM flights", rows: 10_000 });
  await expect(page).toHaveURL(/sql=SELECT/);
  await page.getByRole("button", { name: "History" }).click();
  await expect(page.getByRole("menuitem", { name: "SELECT carrier FROM flights" })).toBeVisible();
});

test("two runs side by side", async ({ page }) => {
  const earlier = { ...fixtures.runs[0], id: "r0", status: "success" };
  const own = { ...fixtures.runs[0], id: "r1", status: "success" };
  await open(page, "?run=r1", {
    "GET /api/runs": { json: stretch([own, earlier]) },
    "GET /api/runs/r1": { json: { ...fixtures.finished, pipeline_id: own.pipeline_id } },
    "GET /api/runs/r0/tables": { json: tables },
  });
  await page.getByLabel("Compare with").selectOption({ index: 1 });
  await expect(page).toHaveURL(/before=r0/);
  const asked = page.waitForRequest("**/query");
  await page.getByRole("button", { name: /before_flights/ }).click();
  expect((await asked).postDataJSON().with).toEqual([{ run_id: "r0", as: "before" }]);
});

test("what is wrong with a statement", async ({ page }) => {
  const error = 'referenced column "carier" not found in FROM clause! Did you mean "carrier"?';
  await open(page, "?run=r1&node=flights", {
    "POST /api/runs/r1/query": refusal(400, "query_failed", error),
  });
  await expect(page.getByRole("alert")).toContainText('Did you mean "carrier"?');
  await lookAtBoth(page, "console-refused");
});

test("a query can be cancelled", async ({ page }) => {
  await open(page, "?run=r1&node=flights", { "POST /api/runs/r1/query": "never" });
  await page.getByRole("button", { name: "Cancel" }).click();
  await expect(page.getByRole("button", { name: "Run", exact: true })).toBeVisible();
  await expect(page.getByRole("alert")).toHaveCount(0);
});

test("an answer is saved as a file", async ({ page }) => {
  await open(page, "?run=r1&node=flights", {
    "POST /api/runs/r1/query/export": { text: "a\n1\n", headers: { "X-Truncated": "true" } },
  });
  await page.getByRole("button", { name: "Download" }).click();
  const saved = page.waitForEvent("download");
  await page.getByRole("menuitem", { name: "CSV", exact: true }).click();
  expect((await saved).suggestedFilename()).toBe("query.csv");
  await expect(page.getByText("The file has the first 1,000,000 rows.")).toBeVisible();
});

test("no rows, no tables, no runs, no permission, no server", async ({ page }) => {
  const none = { ...answer, rows: [], truncated: false };
  await open(page, "?run=r1&node=sums", { "POST /api/runs/r1/query": { json: none } });
  await expect(page.getByText("Nothing in these tables")).toBeVisible();
  await open(page, "?run=r1", { "GET /api/runs/r1/tables": { json: [] } });
  await expect(page.getByText("Nothing is left of the rows")).toBeVisible();
  await open(page, "", { "GET /api/runs": { json: stretch([]) } });
  await expect(page.getByText("No run to ask about yet")).toBeVisible();
  await open(page, "?run=r1", { "GET /api/auth/me/permissions": { json: ["runs.view"] } });
  await expect(page.getByText("You may not ask about all rows")).toBeVisible();
  await open(page, "?run=r1", {
    "GET /api/runs/r1/tables": refusal(503, "unavailable", "The record cannot be reached."),
  });
  await expect(page.getByRole("button", { name: "Try again" })).toBeVisible();
});
