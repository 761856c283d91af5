import { expect, test } from "@playwright/test";
import { lookAtBoth, overflow } from "./check";
import { ago, failed, finished, run, running } from "./fixtures";
import { page as listOf, refusal, serve, tell } from "./server";

const stream = "/api/runs/r1/events";

test("a finished run shows rows on every node, and a node its first rows", async ({ page }) => {
  await serve(page);
  await page.goto("/runs/r1");
  await expect(
    page.getByRole("group", { name: /Delay per carrier.*Success, 16 rows/ }),
  ).toBeVisible();
  await expect(page.getByText("68,113 of 336,776 rows kept")).toBeVisible();
  await lookAtBoth(page, "run");
  await page.getByRole("tab", { name: "Steps" }).click();
  await lookAtBoth(page, "run-steps");
  await page.getByRole("button", { name: /Delay per carrier/ }).click();
  await page.getByRole("tab", { name: "Data" }).click();
  await expect(page.getByRole("columnheader", { name: /mean_delay/ })).toContainText("DOUBLE");
  await expect(page.getByText("The first 100 of 68,113 rows")).toBeVisible();
  await lookAtBoth(page, "run-data");
  await page.getByRole("tab", { name: "Details" }).click();
  await expect(page.getByText("Waited before")).toBeVisible();
  await lookAtBoth(page, "run-details");
});

test("a run and those that it has started lead to each other", async ({ page }) => {
  const step = { ...finished.document.nodes[0], type: "map" };
  const document = { ...finished.document, nodes: [step, ...finished.document.nodes.slice(1)] };
  const child = { ...failed, id: "r2", parent_run_id: "r1", pipeline_name: "Load a region" };
  await serve(page, {
    "GET /api/runs/r1": { json: { ...finished, document } },
    "GET /api/runs": { json: { items: [child], has_next: false, cursor: "", limit: 100 } },
    "GET /api/runs/r2": { json: child },
    "GET /api/runs/r2/logs": { json: [] },
  });
  await page.goto("/runs/r1?panel=runs");
  await page.getByRole("link", { name: "Load a region" }).click();
  await expect(page).toHaveURL(/runs\/r2/);
  await page.getByRole("link", { name: "started by run r1" }).click();
  await expect(page).toHaveURL(/runs\/r1/);
});

test("a run is followed live to its end", async ({ page }) => {
  await serve(page, { "GET /api/runs/r1": { json: running } });
  await page.goto("/runs/r1");
  await expect(page.getByRole("button", { name: "Cancel" })).toBeVisible();
  const head = { run_id: "r1", at: ago(0) };
  await tell(page, stream, { ...head, type: "node.started", node_id: "late" });
  await tell(page, stream, {
    ...head,
    type: "node.progress",
    node_id: "late",
    progress: 0.4,
    rows: 120_000,
  });
  await tell(page, stream, {
    ...head,
    seq: 900,
    type: "log",
    level: "info",
    message: "Half way there",
  });
  await expect(page.getByRole("group", { name: "Late ones only, Filter, Running" })).toContainText(
    "120 k rows so far",
  );
  await expect(page.getByText("Half way there")).toBeVisible();
  const message = "attempt 2 of 4";
  await tell(page, stream, { ...head, type: "node.retrying", node_id: "late", message });
  await expect(
    page.getByRole("group", { name: "Late ones only, Filter, Running, attempt 2 of 4" }),
  ).toContainText("Attempt 2 of 4");
  await lookAtBoth(page, "run-live");
  await serve(page);
  await tell(page, stream, { ...head, type: "run.finished", status: "success" });
  await expect(page.getByRole("button", { name: "Run again" })).toBeVisible();
  await expect(page.getByRole("group", { name: /Write the report.*Success/ })).toBeVisible();
});

test("what a resumed run did not compute again is told", async ({ page }) => {
  const nodeRuns = finished.node_runs?.map((one) =>
    one.node_id === "flights" ? { ...one, restored: true, duration_ms: 0 } : one,
  );
  await serve(page, { "GET /api/runs/r1": { json: { ...finished, node_runs: nodeRuns } } });
  await page.goto("/runs/r1?panel=steps&node=flights");
  await expect(page.getByRole("group", { name: /^Read flights/ })).toContainText(
    "336 k rows · restored",
  );
  await expect(page.getByRole("row", { name: /Read flights Restored/ })).toBeVisible();
  await page.getByRole("tab", { name: "Details" }).click();
  await expect(page.getByText("the run that was resumed")).toBeVisible();
  await lookAtBoth(page, "run-restored");
});

test("a failed run says why, and where in the settings", async ({ page }) => {
  await serve(page, { "GET /api/runs/r1": { json: failed } });
  await page.goto("/runs/r1");
  await expect(page.getByRole("alert")).toContainText("Did you mean");
  await page.getByRole("button", { name: "Show Late ones only" }).click();
  await expect(page.getByText("which is not there")).toBeVisible();
  await lookAtBoth(page, "run-failed");
});

test("the log is narrowed by level and words, kept in the URL", async ({ page }) => {
  await serve(page);
  await page.goto("/runs/r1");
  await expect(page.getByText("9 of 10 lines")).toBeVisible();
  await page.getByLabel("Least level").selectOption("warning");
  await expect(page.getByText("1 of 10 lines")).toBeVisible();
  await page.getByLabel("Search the log").fill("zebra");
  await expect(page).toHaveURL(/level=warning.*q=zebra/);
  await expect(page.getByText("No line fits")).toBeVisible();
});

test("a long log scrolls, and only what is in sight is drawn", async ({ page }) => {
  const lines = Array.from({ length: 900 }, (_, place) => ({
    seq: place + 1,
    run_id: "r1",
    level: "info",
    message: `Line ${place} ${"long ".repeat(place % 40)}`,
    timestamp: ago(1),
  }));
  await serve(page, { "GET /api/runs/r1/logs": { json: lines } });
  await page.goto("/runs/r1");
  await expect(page.getByText("Line 0", { exact: false }).first()).toBeVisible();
  const drawn = page.getByLabel("Log lines").locator("time");
  expect(await drawn.count()).toBeLessThan(120);
  // Lines get their true height when they come into sight, so the end moves on the way there.
  await expect(async () => {
    await page.getByLabel("Log lines").press("End");
    await expect(page.getByText(/^Line 899/)).toBeVisible({ timeout: 500 });
  }).toPass();
});

test("cancelling asks the server", async ({ page }) => {
  await serve(page, {
    "GET /api/runs/r1": { json: running },
    "POST /api/runs/r1/cancel": { json: { status: "cancelled" } },
  });
  await page.goto("/runs/r1");
  const sent = page.waitForRequest("**/cancel");
  await page.getByRole("button", { name: "Cancel" }).click();
  await sent;
});

test("a failed run is resumed, and the new one says of which", async ({ page }) => {
  const next = { ...running, id: "r2", status: "running", resumed_from_run_id: "r1" };
  const [first, ...others] = finished.node_runs ?? [];
  const node_runs = [{ ...first, restored: true, started_at: null, duration_ms: 0 }, ...others];
  await serve(page, {
    "GET /api/runs/r1": { json: failed },
    "POST /api/runs/r1/resume": { status: 202, json: { id: "r2", run_id: "r2" } },
    "GET /api/runs/r2": { json: { ...next, node_runs } },
    "GET /api/runs/r2/logs": { json: [] },
  });
  await page.goto("/runs/r1");
  await page.getByRole("button", { name: "Resume" }).click();
  await expect(page).toHaveURL(/runs\/r2/);
  await expect(page.getByRole("link", { name: "resumed from r1" })).toBeVisible();
  await page.getByRole("tab", { name: "Steps" }).click();
  await expect(page.getByText("Restored", { exact: true })).toBeVisible();
  await lookAtBoth(page, "run-resumed");
});

test("resuming is for those who may, and for runs that did not succeed", async ({ page }) => {
  await serve(page);
  await page.goto("/runs/r1");
  await expect(page.getByRole("button", { name: "Run again" })).toBeVisible();
  await expect(page.getByRole("button", { name: "Resume" })).toHaveCount(0);
  await serve(page, {
    "GET /api/auth/me/permissions": { json: ["pipelines.view", "runs.view"] },
    "GET /api/runs/r1": { json: failed },
  });
  await page.goto("/runs/r1");
  await expect(page.getByRole("alert")).toBeVisible();
  await expect(page.getByRole("button", { name: "Resume" })).toHaveCount(0);
});

test("loading, missing and sample-less runs say so", async ({ page }) => {
  await serve(page, { "GET /api/runs/r1": "never" });
  await page.goto("/runs/r1");
  await expect(page.getByRole("status", { name: "Loading" })).toBeVisible();
  await lookAtBoth(page, "run-loading");
  await page.goto("/runs/gone");
  await expect(page.getByText("This does not exist")).toBeVisible();
  await serve(page, {
    "GET /api/runs/r1/nodes/write/preview": refusal(404, "no_preview", "There is no sample."),
    "GET /api/runs/r1/logs": { json: [] },
  });
  await page.goto("/runs/r1?node=write");
  await expect(page.getByText("No rows were kept")).toBeVisible();
  await page.getByRole("tab", { name: "Log" }).click();
  await expect(page.getByText("This run wrote no log")).toBeVisible();
});

test("long names and text from right to left stay in their place", async ({ page }) => {
  const name = "اقرأ الرحلات من الملف الكبير جدا الذي لا يتسع له المكان";
  const nodes = finished.document.nodes.map((node) => ({ ...node, name: `${name} ${node.id}` }));
  await serve(page, {
    "GET /api/runs/r1": {
      json: {
        ...finished,
        pipeline_name: `${name} `.repeat(6),
        document: { ...finished.document, nodes },
      },
    },
  });
  await page.goto("/runs/r1");
  await expect(page.getByRole("group", { name: /sums/ })).toBeVisible();
  await lookAtBoth(page, "run-long-and-rtl");
});

test("the timeline shows waiting apart from work, and every attempt", async ({ page }) => {
  await serve(page);
  await page.goto("/runs/r1?panel=gantt");
  const late = page.getByRole("button", {
    name: /^Late ones only, Success, in the queue for 10 ms, attempt 1, Failed after 290 ms, attempt 2, Success after 500 ms$/,
  });
  await expect(late).toBeVisible();
  await expect(page.getByText("The run itself")).toBeVisible();
  await lookAtBoth(page, "run-timeline");
  await late.click();
  await expect(page).toHaveURL(/node=late/);
  await expect(late).toHaveAttribute("aria-pressed", "true");
  await serve(page, {
    "GET /api/runs/r1/milestones": refusal(500, "internal", "The store did not answer."),
  });
  await page.reload();
  await expect(page.getByText("req-7f3a91")).toBeVisible();
});

test("runs that a node has started are in the timeline below it", async ({ page }) => {
  const nodes = finished.document.nodes.map((node) =>
    node.id === "late" ? { ...node, type: "map" } : node,
  );
  await serve(page, {
    "GET /api/runs/r1": { json: { ...finished, document: { ...finished.document, nodes } } },
    "GET /api/runs": {
      json: listOf([
        run({ id: "r-kid", pipeline_name: "One carrier", parent_node_id: "late", parent_row: 2 }),
      ]),
    },
  });
  await page.goto("/runs/r1?panel=gantt");
  await page.getByRole("link", { name: "Run of One carrier, Success" }).click();
  await expect(page).toHaveURL("/runs/r-kid?panel=gantt");
});

test("a run that waits says why, in one sentence", async ({ page }) => {
  await serve(page, {
    "GET /api/runs/r1": {
      json: {
        ...running,
        status: "pending",
        wait_reason: "pool warehouse: 3 of 3 slots are used",
        node_runs: [],
      },
    },
  });
  await page.goto("/runs/r1");
  await expect(
    page.getByText("Not started yet: pool warehouse: 3 of 3 slots are used."),
  ).toBeVisible();
  await lookAtBoth(page, "run-waiting");
});

test("a failed run is resumed from a node", async ({ page }) => {
  await serve(page, {
    "GET /api/runs/r1": { json: failed },
    "POST /api/runs/r1/resume": { status: 202, json: { id: "r2", run_id: "r2" } },
  });
  await page.goto("/runs/r1?node=late");
  const sent = page.waitForRequest("**/resume");
  await page.getByRole("button", { name: "Resume from here" }).click();
  expect((await sent).postDataJSON()).toEqual({ from: "late" });
  await expect(page).toHaveURL(/runs\/r2/);
});

test("a log of 100,000 lines is held, searched and scrolled", async ({ page }) => {
  await serve(page);
  await page.route("**/api/runs/r1/logs?**", (route) => {
    const after = Number(new URL(route.request().url()).searchParams.get("after"));
    const lines = Array.from({ length: 10_000 }, (_, place) => ({
      seq: after + place + 1,
      run_id: "r1",
      level: (after + place + 1) % 1000 === 0 ? "error" : "info",
      message: `line number ${after + place + 1}`,
      timestamp: ago(1),
    }));
    return route.fulfill({ json: lines });
  });
  await page.goto("/runs/r1");
  await expect(page.getByText("100,000 lines")).toBeVisible();
  expect(await page.getByLabel("Log lines").locator("time").count()).toBeLessThan(120);
  await page.getByLabel("Search the log").fill("number 9999");
  await expect(page.getByText("11 of 100,000 lines")).toBeVisible();
  await page.getByLabel("Search the log").fill("");
  await page.getByLabel("Least level").selectOption("error");
  await expect(page.getByText("100 of 100,000 lines")).toBeVisible();
  await page.getByLabel("Least level").selectOption("info");
  await page.getByLabel("Log lines").press("End");
  await expect(page.getByText("line number 100000", { exact: true })).toBeVisible();
});

test("a run is read on a phone", async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await serve(page, { "GET /api/runs/r1": { json: failed } });
  for (const panel of ["log", "gantt", "steps"]) {
    await page.goto(`/runs/r1?panel=${panel}`);
    await expect(page.getByRole("alert")).toBeVisible();
    expect(await overflow(page)).toBe(0);
    await page.screenshot({ path: `e2e/shots/phone-run-${panel}.png` });
  }
});

test("the columns of a node have a profile with small histograms", async ({ page }) => {
  await serve(page);
  await page.goto("/runs/r1?node=sums&panel=columns");
  await expect(page.getByRole("img", { name: /From -43.0 to 1301.0.*lower third/ })).toBeVisible();
  await expect(page.getByRole("row", { name: /mean_delay/ })).toContainText("2.5 %");
  await expect(page.getByText("All 336,776 rows")).toBeVisible();
  await lookAtBoth(page, "run-columns");
  await serve(page, {
    "GET /api/runs/r1/nodes/sums/profile": refusal(403, "forbidden", "This needs runs.query."),
    "GET /api/runs/r1/nodes/write/profile": refusal(409, "no_rows", "Nothing is left."),
  });
  await page.reload();
  await expect(page.getByText("You may not see this")).toBeVisible();
  await page.goto("/runs/r1?node=write&panel=columns");
  await expect(page.getByText("No rows were kept")).toBeVisible();
});

test("10,000 rows of a node are shown, and only those in sight are drawn", async ({ page }) => {
  const rows = Array.from({ length: 10_000 }, (_, place) => [`carrier ${place}`, place / 7]);
  await serve(page, {
    "GET /api/runs/r1/nodes/sums/preview": {
      json: {
        columns: ["name", "mean"],
        types: [
          { name: "name", type: "VARCHAR" },
          { name: "mean", type: "DOUBLE" },
        ],
        rows: rows.slice(0, 100).map(([name, mean]) => ({ name, mean })),
        truncated: true,
        total_rows: 336_776,
      },
    },
    "POST /api/runs/r1/query": {
      json: {
        columns: [
          { name: "name", type: "VARCHAR" },
          { name: "mean", type: "DOUBLE" },
        ],
        rows,
        truncated: true,
        duration_ms: 12,
        tables: [],
      },
    },
  });
  await page.goto("/runs/r1?node=sums&panel=data");
  await expect(page.getByText("The first 100 of 336,776 rows")).toBeVisible();
  const asked = page.waitForRequest("**/api/runs/r1/query");
  await page.getByRole("button", { name: "Show up to 10,000" }).click();
  expect((await asked).postDataJSON()).toEqual({ sql: 'SELECT * FROM "sums"', rows: 10_000 });
  await expect(page.getByText("The first 10,000 of 336,776 rows")).toBeVisible();
  const table = page.getByRole("region", { name: "Rows", exact: true });
  expect(await table.getByRole("row").count()).toBeLessThan(60);
  await table.press("End");
  await expect(page.getByText("carrier 9999")).toBeVisible();
});
