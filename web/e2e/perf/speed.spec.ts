import { loadavg } from "node:os";
import { expect, type Page, test } from "@playwright/test";
import { finished, flights, nodeTypes } from "../mock/fixtures";
import { serve } from "../mock/server";

/** Prints a figure with what the machine has to do besides. */
function tell(what: string, figure: string, wanted: string): void {
  const [load = 0] = loadavg();
  process.stdout.write(
    `${what}: ${figure} (wanted: ${wanted}; load of the machine ${load.toFixed(1)})\n`,
  );
}

const middle = (all: number[]) => all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0;

async function slowDown(page: Page, rate: number): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send("Emulation.setCPUThrottlingRate", { rate });
}

/** Notes what the page's thread does, in milliseconds of the processor's time and not of the clock. */
async function thread(page: Page): Promise<() => Promise<string>> {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  const read = async () => {
    const { metrics } = await session.send("Performance.getMetrics");
    return (name: string) =>
      1000 * (metrics.find((one) => one.name === `${name}Duration`)?.value ?? 0);
  };
  const before = await read();
  return async () => {
    const after = await read();
    const parts = ["Task", "Script", "RecalcStyle", "Layout"].map(
      (name) => `${name} ${Math.round(after(name) - before(name))}`,
    );
    return `${parts.join(", ")} ms of the processor`;
  };
}

test("the processor's time of the first load", async ({ browser }) => {
  const all: string[] = [];
  for (let round = 0; round < 5; round++) {
    const context = await browser.newContext();
    const page = await context.newPage();
    await serve(page);
    const used = await thread(page);
    await page.goto("/");
    await expect(
      page.getByRole("region", { name: "Open issues" }).getByRole("link").first(),
    ).toBeVisible();
    await page.evaluate(
      () => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0))),
    );
    all.push(await used());
    await context.close();
  }
  for (const one of all) tell("first load", one, "375 ms");
});

test("the first load, with a processor that is four times slower", async ({ browser }) => {
  const times: number[] = [];
  let bytes = 0;
  for (let round = 0; round < 5; round++) {
    const context = await browser.newContext();
    const page = await context.newPage();
    await serve(page);
    await slowDown(page, 4);
    await page.goto("/");
    const issues = page.getByRole("region", { name: "Open issues" });
    await expect(issues.getByRole("link").first()).toBeVisible();
    // The page answers once its thread is free for the first time after what was drawn last.
    times.push(
      await page.evaluate(
        () =>
          new Promise<number>((done) => {
            requestAnimationFrame(() => setTimeout(() => done(performance.now()), 0));
          }),
      ),
    );
    bytes = await page.evaluate(() =>
      (performance.getEntriesByType("resource") as PerformanceResourceTiming[])
        .filter(({ name }) => name.includes("/assets/"))
        .reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0),
    );
    await context.close();
  }
  tell(
    "first load",
    `${Math.round(middle(times))} ms, ${Math.round(bytes / 1000)} kB as sent here`,
    "1500 ms",
  );
  expect(middle(times)).toBeLessThan(15_000);
});

test("changes of the page, once its code is there", async ({ page }) => {
  await serve(page);
  await page.goto("/");
  const routes = ["Pipelines", "Runs", "Issues", "Home"];
  const go = (name: string) =>
    page.evaluate(async (name) => {
      const link = [...document.querySelectorAll<HTMLElement>("nav a")].find(
        (one) => one.textContent?.startsWith(name) && one.getAttribute("href") !== "#",
      );
      const begun = performance.now();
      const there = () => document.querySelector("h1")?.textContent === name;
      link?.click();
      await new Promise<void>((done) => {
        const look = () => (there() ? done() : void requestAnimationFrame(look));
        look();
      });
      return performance.now() - begun;
    }, name);
  await expect(page.getByRole("heading", { level: 1, name: "Home" })).toBeVisible();
  for (const name of routes) {
    await page.getByRole("navigation").getByRole("link", { name }).first().click();
    await expect(page.getByRole("heading", { level: 1, name })).toBeVisible();
  }
  const times: number[] = [];
  for (let round = 0; round < 5; round++) for (const name of routes) times.push(await go(name));
  tell(
    "a change of the page",
    `${Math.round(middle(times))} ms, at most ${Math.round(Math.max(...times))} ms`,
    "150 ms",
  );
  expect(middle(times)).toBeLessThan(1_500);
});

test("a canvas of 300 nodes is moved", async ({ page }) => {
  const [kind] = nodeTypes;
  const nodes = Array.from({ length: 300 }, (_, at) => ({
    id: `n${at}`,
    type: at % 20 === 0 ? (kind?.type ?? "") : "filter",
    name: `Node ${at}`,
    config: {},
    position: { x: (at % 20) * 284, y: Math.floor(at / 20) * 100 },
  }));
  const edges = nodes.flatMap(({ id }, at) =>
    at % 20 === 0 ? [] : [{ from: `n${at - 1}`, to: id }],
  );
  await serve(page, { "GET /api/pipelines/p-flights": { json: { ...flights, nodes, edges } } });
  await page.goto("/pipelines/p-flights");
  await expect(page.locator(".react-flow__node").first()).toBeVisible();
  const box = await page.locator(".react-flow__pane").boundingBox();
  if (!box) throw new Error("there is no canvas");
  const used = await thread(page);
  const frames = page.evaluate(
    () =>
      new Promise<number[]>((done) => {
        const gaps: number[] = [];
        let last = performance.now();
        const begun = last;
        const look = (now: number) => {
          gaps.push(now - last);
          last = now;
          if (now - begun > 3_000) done(gaps);
          else requestAnimationFrame(look);
        };
        requestAnimationFrame(look);
      }),
  );
  const [x, y] = [box.x + 12, box.y + 12];
  await page.mouse.move(x, y);
  await page.mouse.down();
  for (let step = 0; step < 150; step++) {
    await page.mouse.move(x + 200 * Math.sin(step / 12), y + 100 * Math.sin(step / 9));
  }
  await page.mouse.up();
  const gaps = (await frames).filter((gap) => gap > 0);
  const rate = (1000 * gaps.length) / gaps.reduce((sum, gap) => sum + gap, 0);
  const slow = gaps.filter((gap) => gap > 34).length;
  tell(
    "300 nodes",
    `${rate.toFixed(0)} frames a second, ${slow} of ${gaps.length} took over 34 ms; ${await used()}`,
    "50",
  );
  expect(rate).toBeGreaterThan(5);
});

test("a log of 100,000 lines is scrolled", async ({ page }) => {
  const lines = Array.from({ length: 100_000 }, (_, at) => ({
    id: at + 1,
    seq: at + 1,
    timestamp: new Date(1_760_000_000_000 + at * 7).toISOString(),
    level: at % 50 === 0 ? "warning" : "info",
    node_id: "read",
    message: `Line ${at + 1} of the log`,
  }));
  await serve(page, {
    "GET /api/runs/r1": { json: finished },
    "GET /api/runs/r1/logs": { json: lines },
  });
  await page.goto("/runs/r1");
  const log = page.getByRole("region", { name: "Log lines" });
  const begun = Date.now();
  await expect(log.getByText(/^Line \d+ of the log$/).first()).toBeVisible();
  const shown = Date.now() - begun;
  const moved = await log.evaluate(async (box) => {
    const begun = performance.now();
    for (let step = 0; step <= 60; step++) {
      box.scrollTop = (box.scrollHeight * step) / 60;
      await new Promise(requestAnimationFrame);
    }
    return (performance.now() - begun) / 61;
  });
  const rows = await log.locator("[data-index]").count();
  tell(
    "100,000 lines",
    `shown after ${shown} ms, ${moved.toFixed(1)} ms for a step of scrolling, ${rows} lines in the page`,
    "all held, few drawn",
  );
  expect(rows).toBeLessThan(200);
});
