import { expect, test } from "@playwright/test";
import { lookAtBoth } from "./check";
import { access } from "./documents";
import { flights } from "./fixtures";
import { refusal, serve } from "./server";

const preview = {
  valid: true,
  cron: "0 9 * * 1-5",
  description: "at 09:00 on Monday to Friday",
  timezone: "Europe/Berlin",
  next: ["2026-11-23T08:00:00Z", "2026-11-24T08:00:00Z"],
};
const usual = {
  "POST /api/schedule/preview": { json: preview },
  "PUT /api/pipelines/p-flights": { json: { ...flights, version: 5 } },
};

test.use({ timezoneId: "Asia/Tokyo" });

test("words become a schedule, and its next times are told by both clocks", async ({ page }) => {
  await serve(page, usual);
  await page.goto("/pipelines/p-flights?tab=settings");
  const when = page.getByRole("group", { name: "Schedule" }).getByLabel("When");
  await when.fill("every weekday at 9");
  await expect(page.getByText("Runs at 09:00 on Monday to Friday")).toBeVisible();
  await expect(page.getByRole("cell", { name: "Mon, Nov 23, 09:00" })).toBeVisible();
  await expect(page.getByRole("cell", { name: "Mon, Nov 23, 17:00" })).toBeVisible();
  await when.blur();
  await expect(when).toHaveValue("0 9 * * 1-5");
  await page.getByLabel("Runs at once").fill("3");
  await lookAtBoth(page, "settings");
  const sent = page.waitForRequest((request) => request.method() === "PUT");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  expect((await sent).headers()["if-match"]).toBe(`"${flights.version}"`);
  expect((await sent).postDataJSON()).toEqual({ schedule: "0 9 * * 1-5", max_active_runs: 3 });
  await expect(page.getByText("The settings are saved.")).toBeVisible();
  await expect(page.getByText("Not saved yet.")).toBeHidden();
});

test("what is not saved is there when one comes back, and can be dropped", async ({ page }) => {
  await serve(page, usual);
  await page.goto("/pipelines/p-flights?tab=settings");
  await page.getByLabel("Priority").fill("7");
  await page.getByRole("tab", { name: "Runs" }).click();
  await page.getByRole("tab", { name: "Settings" }).click();
  await expect(page.getByLabel("Priority")).toHaveValue("7");
  await page.reload();
  await expect(page.getByLabel("Priority")).toHaveValue("7");
  await page.getByRole("button", { name: "Drop my changes" }).click();
  await expect(page.getByLabel("Priority")).toHaveValue("");
});

test("who saves second is told, and can save over the newest", async ({ page }) => {
  const conflict = refusal(412, "version_conflict", "the pipeline was changed meanwhile");
  await serve(page, { ...usual, "PUT /api/pipelines/p-flights": conflict });
  await page.goto("/pipelines/p-flights?tab=settings");
  await page.getByLabel("Priority").fill("7");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.getByRole("alert")).toContainText("Somebody else has saved the pipeline");
  await lookAtBoth(page, "settings-conflict");
  await serve(page, {
    ...usual,
    "GET /api/pipelines/p-flights": { json: { ...flights, version: 9 } },
  });
  const sent = page.waitForRequest((request) => request.method() === "PUT");
  await page.getByRole("button", { name: "Save mine over the newest" }).click();
  expect((await sent).headers()["if-match"]).toBe('"9"');
  expect((await sent).postDataJSON()).toEqual({ priority: 7 });
});

test("what the server refuses stands at its field", async ({ page }) => {
  const problems = [{ path: "sla_deadline", message: "must be a time such as 07:30" }];
  const refused = { error: "the pipeline cannot be saved", code: "invalid_document", problems };
  await serve(page, {
    ...usual,
    "PUT /api/pipelines/p-flights": { status: 422, json: refused },
  });
  await page.goto("/pipelines/p-flights?tab=settings");
  await page.getByLabel("Must have succeeded by").fill("7");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.getByText("Must be a time such as 07:30.")).toBeVisible();
});

test("who may not edit reads the settings", async ({ page }) => {
  await serve(page, { ...usual, "GET /api/auth/me/permissions": { json: ["pipelines.view"] } });
  await page.goto("/pipelines/p-flights?tab=settings");
  await expect(page.getByLabel("Priority")).not.toBeEditable();
  await expect(page.getByRole("button", { name: "Add a schedule" })).toHaveCount(0);
});

test("the gallery is in no build that is shipped", async ({ page }) => {
  await serve(page);
  await page.goto("/_gallery");
  await expect(page.getByRole("heading", { name: "Gallery" })).toHaveCount(0);
});

for (const address of ["?tab=settings", "/edit?view=settings"]) {
  test(`who may do what is told at ${address}`, async ({ page }) => {
    await serve(page, usual);
    await page.goto(`/pipelines/p-flights${address}`);
    const panel = page.getByRole("region", { name: "Permissions" });
    await panel.scrollIntoViewIfNeeded();
    const of = (name: RegExp) => panel.getByRole("row", { name });
    await expect(of(/^You/).getByRole("img", { name: "yes" })).toHaveCount(4);
    await expect(of(/^Role editor/)).toContainText("grace, linus");
    await expect(of(/^Role editor/)).toContainText("without pipelines.code");
    await expect(of(/^warehouse/).getByRole("img", { name: "no" })).toHaveCount(2);
    await expect(panel).toContainText("a node of type code (sums) takes pipelines.code");
    await lookAtBoth(page, address.startsWith("?") ? "access" : "access-editor");
  });
}

test("who may not see users is told what roles may do, and not who has them", async ({ page }) => {
  const { members: _, services: __, ...rest } = access;
  await serve(page, { "GET /api/pipelines/p-flights/access": { json: rest } });
  await page.goto("/pipelines/p-flights?tab=settings");
  const panel = page.getByRole("region", { name: "Permissions" });
  await expect(panel.getByRole("row", { name: /^Role editor/ })).toBeVisible();
  await expect(panel).not.toContainText("nobody");
  await expect(panel.getByRole("row")).toHaveCount(6);
});

test("that permissions cannot be read is said, and asked again", async ({ page }) => {
  await serve(page, {
    "GET /api/pipelines/p-flights/access": refusal(500, "internal", "The store did not answer."),
  });
  await page.goto("/pipelines/p-flights?tab=settings");
  const panel = page.getByRole("region", { name: "Permissions" });
  await expect(panel).toContainText("The store did not answer.");
  await serve(page);
  await panel.getByRole("button", { name: "Try again" }).click();
  await expect(panel.getByRole("row", { name: /^You/ })).toBeVisible();
});
