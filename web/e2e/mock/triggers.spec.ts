import { expect, test } from "@playwright/test";
import { lookAtBoth } from "./check";
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
    [`GET ${path}`]: refusal(404, "webhook_not_found", "The pipeline has no webhook."),
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
