import { expect, test } from "@playwright/test";
import { lookAtBoth } from "../mock/check";
import { serve } from "../mock/server";

const preview = { valid: true, cron: "0 6 * * *", description: "at 06:00", next: [] };

test.beforeEach(async ({ page }) => {
  await serve(page, {
    "POST /api/schedule/preview": { json: preview },
    "GET /api/pools": { json: [{ name: "warehouse", slots: 2 }] },
  });
  await page.goto("/_gallery?kind=pipeline+settings");
});

test("problems of the document stand at their fields", async ({ page }) => {
  await page.getByLabel("With problems").check();
  for (const words of [
    "Is missing: a pipeline needs a name.",
    "Is not a schedule of five fields.",
    "There is no time zone Mars/X.",
    "Must be queue, skip or cancel_previous.",
    "Must be text, integer or number.",
    "A pipeline cannot depend on itself.",
    "Names nobody, so nobody is told.",
    "Must be a time such as 07:30.",
  ]) {
    await expect(page.getByText(words)).toBeVisible();
  }
  await lookAtBoth(page, "pipeline-settings");
});

test("everything besides the graph is set, and members that nobody knows stay", async ({
  page,
}) => {
  const value = page.getByTestId("value");
  await page.getByRole("button", { name: "Add a schedule" }).click();
  await expect(value).toContainText('"name": "schedule-3"');
  await page.getByRole("button", { name: "Remove month-end" }).click();
  await expect(value).not.toContainText("month-end");
  await page.getByRole("button", { name: "Remove Schedule" }).first().click();
  await expect(value).toContainText('"schedule": ""');
  await page.getByLabel("Pool").fill("ware");
  await page.getByRole("option", { name: "warehouse" }).click();
  await expect(value).toContainText('"pool": "warehouse"');
  await page.getByLabel("Its run has").selectOption("failed");
  await expect(value).toContainText('"of_later": 1');
  await page.getByRole("button", { name: "Add to Runs start when" }).click();
  await page.getByLabel("Path").fill("in/*.csv");
  await expect(value).toContainText('"type": "file"');
  await page.getByRole("button", { name: "Add to What is told to whom" }).click();
  await page.getByLabel("What is told to whom, row 2: name").fill("on_success");
  await expect(value).toContainText(
    '"on_success": {\n      "type": "webhook",\n      "enabled": true',
  );
});
