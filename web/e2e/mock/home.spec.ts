import { expect, test } from "@playwright/test";
import { lookAtBoth, overflow } from "./check";
import { health, pipelines, recent } from "./fixtures";
import { page as listOf, refusal, serve, tell } from "./server";

test("home says what ran, what fails and why, and what comes next", async ({ page }) => {
  await serve(page);
  await page.goto("/");
  const failing = page.getByRole("region", { name: "Failing now" });
  await expect(failing.getByText(/has no column "amount" any more/)).toBeVisible();
  await expect(failing.getByRole("link", { name: "Orders into the warehouse" })).toHaveAttribute(
    "href",
    "/runs/r-0",
  );
  const bars = page.getByRole("region", { name: "Last 14 days" });
  await expect(bars.getByRole("listitem")).toHaveCount(14);
  await expect(page.getByRole("region", { name: "Next scheduled runs" })).toContainText(
    /Weather by month.*in 1 h/,
  );
  await expect(page.getByRole("link", { name: /^Runs today \d+ \d+ yesterday$/ })).toBeVisible();
  await lookAtBoth(page, "home-all");
  await bars.getByRole("link").last().click();
  await expect(page).toHaveURL(/\/runs\?day=\d{4}-\d\d-\d\d$/);
});

test("nothing flickers when something has changed", async ({ page }) => {
  await serve(page);
  await page.goto("/");
  await expect(page.getByText("Nothing is running.")).toHaveCount(0);
  await expect(page.getByRole("region", { name: "Failing now" })).toContainText("Orders");
  // Whatever is taken out of the page or put in as a place-holder while lists are asked for again.
  await page.evaluate(() => {
    const seen: string[] = [];
    Object.assign(window, { seen });
    new MutationObserver((changes) => {
      for (const { removedNodes, addedNodes } of changes) {
        for (const node of [...removedNodes, ...addedNodes]) seen.push(node.textContent ?? "");
      }
    }).observe(document.querySelector("main") ?? document.body, { childList: true, subtree: true });
  });
  const again = page.waitForResponse((response) => response.url().includes("/api/runs/calendar"));
  await tell(page, "/api/events", { type: "run.changed" });
  await again;
  await page.waitForLoadState("networkidle");
  expect(await page.evaluate(() => Reflect.get(window, "seen"))).toEqual([]);
  await serve(page, {
    "GET /api/pipelines/summary": {
      json: pipelines.map((one) => (one.id === "p-orders" ? health({ id: "p-orders" }) : one)),
    },
  });
  await tell(page, "/api/events", { type: "run.changed" });
  await expect(page.getByText("The last run of no pipeline failed.")).toBeVisible();
});

test("days that cannot be counted leave the rest", async ({ page }) => {
  await serve(page, {
    "GET /api/runs/calendar": refusal(500, "internal", "The store did not answer."),
  });
  await page.goto("/");
  await expect(page.getByRole("region", { name: "Last 14 days" })).toContainText("req-7f3a91");
  await expect(page.getByRole("region", { name: "Failing now" })).toContainText("Orders");
});

test("home is read on a phone, also with long names from right to left", async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  const name = "تقرير الطلبات اليومية من المتجر الكبير جدا ".repeat(4);
  await serve(page, {
    "GET /api/pipelines/summary": {
      json: [health({ name, recent: recent("failed"), last_run_error: name.repeat(3) })],
    },
    "GET /api/runs": { json: listOf([]) },
  });
  await page.goto("/");
  await expect(page.getByRole("region", { name: "Failing now" })).toContainText("تقرير");
  expect(await overflow(page)).toBe(0);
  await page.screenshot({ path: "e2e/shots/phone-home-rtl.png" });
  await serve(page);
  await page.reload();
  await expect(page.getByRole("region", { name: "Last 14 days" })).toBeVisible();
  expect(await overflow(page)).toBe(0);
  await page.screenshot({ path: "e2e/shots/phone-home.png", fullPage: true });
});
