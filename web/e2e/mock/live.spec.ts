import { expect, type Page, test } from "@playwright/test";
import { ago, flights, pipelines, running } from "./fixtures";
import { serve, tell } from "./server";

/** Tells the page that nobody sees it, or that somebody does again. */
async function show(page: Page, hidden: boolean): Promise<void> {
  await page.evaluate((value) => {
    Object.defineProperty(document, "hidden", { value, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  }, hidden);
}

test("a tab that nobody sees lets go of its stream, and catches up", async ({ page }) => {
  await page.clock.install();
  await serve(page);
  await page.goto("/");
  await expect(page.getByRole("status").filter({ hasText: "Live" })).toBeVisible();
  await expect(page.getByRole("heading", { name: "Recent runs" })).toBeVisible();
  await show(page, true);
  await page.clock.runFor(30_000);
  let asked = 0;
  page.on("request", (request) => {
    if (request.url().includes("/api/")) asked++;
  });
  await page.clock.runFor(30_000);
  await tell(page, "/api/events", { type: "run.changed" });
  await page.clock.runFor(60_000);
  expect(asked).toBe(0);
  const again = page.waitForRequest((request) => request.url().includes("/api/runs/calendar"));
  await show(page, false);
  await page.clock.runFor(2_000);
  await again;
  await expect(page.getByRole("status").filter({ hasText: "Live" })).toBeVisible();
});

test("what others do to pipelines shows at once, and costs nothing while nothing happens", async ({
  page,
}) => {
  await page.clock.install();
  await serve(page);
  await page.goto("/pipelines/p-flights");
  await expect(page.getByRole("heading", { name: flights.name })).toBeVisible();
  let asked = 0;
  page.on("request", (request) => {
    if (request.url().endsWith("/api/pipelines/p-flights")) asked++;
  });
  await page.clock.runFor(60_000);
  expect(asked).toBe(0);
  await serve(page, {
    "GET /api/pipelines/p-flights": { json: { ...flights, name: "Delays, renamed", version: 5 } },
    "GET /api/pipelines/summary": {
      json: pipelines.map((one) => (one.id === flights.id ? { ...one, name: "Renamed" } : one)),
    },
  });
  await tell(page, "/api/events", { type: "pipelines.changed" });
  await page.clock.runFor(1_000);
  await expect(page.getByRole("heading", { name: "Delays, renamed" })).toBeVisible();
  await page.getByRole("link", { name: "Pipelines", exact: true }).first().click();
  await expect(page.getByRole("link", { name: "Renamed" })).toBeVisible();
});

/** The size of what is alive in the page, in bytes, after the rest has been thrown away. */
async function alive(page: Page): Promise<{ heap: number; nodes: number }> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("HeapProfiler.enable");
  await devtools.send("HeapProfiler.collectGarbage");
  const { usedSize } = await devtools.send("Runtime.getHeapUsage");
  const nodes = await page.evaluate(() => document.querySelectorAll("*").length);
  await devtools.detach();
  return { heap: usedSize, nodes };
}

/** Tells the page a hundred times that something has changed, and waits until it has asked. */
async function hints(page: Page): Promise<void> {
  const asked = page.waitForResponse((response) => response.url().includes("/api/runs/calendar"));
  await page.evaluate(() => {
    for (let n = 0; n < 100; n++) {
      const detail = { url: "/api/events", type: "run.changed", data: { type: "run.changed" } };
      window.dispatchEvent(new CustomEvent("tell", { detail }));
    }
  });
  await asked;
}

test("a tab that has heard 1,000 events is no larger than before", async ({ page }) => {
  await serve(page);
  await page.goto("/");
  await expect(page.getByRole("region", { name: "Last 14 days" })).toBeVisible();
  for (let n = 0; n < 3; n++) await hints(page);
  const before = await alive(page);
  for (let n = 0; n < 10; n++) await hints(page);
  const after = await alive(page);
  test.info().annotations.push({
    type: "heap",
    description: `${before.heap} bytes before, ${after.heap} after 1,000 events`,
  });
  expect(after.nodes).toBe(before.nodes);
  expect(after.heap - before.heap).toBeLessThan(1_000_000);
});

test("a run that is watched for 1,000 events keeps no more than its state", async ({ page }) => {
  await serve(page, { "GET /api/runs/r1": { json: running } });
  await page.goto("/runs/r1?panel=gantt");
  await expect(page.getByRole("region", { name: "Timeline" })).toBeVisible();
  let seq = 100;
  const progress = async (count: number) => {
    await page.evaluate(
      ([from, to, at]) => {
        for (let n = from; n < to; n++) {
          const data = {
            seq: n,
            run_id: "r1",
            type: "node.progress",
            at,
            node_id: "late",
            rows: n,
            progress: 0.5,
          };
          const detail = { url: "/api/runs/r1/events", type: data.type, data };
          window.dispatchEvent(new CustomEvent("tell", { detail }));
        }
      },
      [seq, seq + count, ago(0)] as const,
    );
    seq += count;
    await expect(page.getByRole("group", { name: /^Late ones only/ })).toContainText(
      `${(seq - 1).toLocaleString("en")} rows so far`,
    );
  };
  await progress(100);
  const before = await alive(page);
  for (let n = 0; n < 10; n++) await progress(100);
  const after = await alive(page);
  expect(after.heap - before.heap).toBeLessThan(1_000_000);
});
