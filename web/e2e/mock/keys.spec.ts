import { expect, test } from "@playwright/test";
import { users } from "./accounts";
import { lookAtBoth } from "./check";
import { refusal, serve } from "./server";
import { grantable, service, services } from "./services";

const listed = {
  "GET /api/services": { json: services },
  "GET /api/permissions": { json: grantable },
};
const token = "brk_7Qx2mN4vB8cZ1aS5dF6gH9jK0lP3oI7uYtR2eW9fKd";

test("the list tells tokens apart, and which of them still work", async ({ page }) => {
  await serve(page, listed);
  await page.goto("/");
  await page.getByRole("link", { name: "API tokens" }).click();
  await expect(page).toHaveURL("/admin/keys");
  await expect(page.getByRole("row")).toHaveCount(5);
  await expect(page.getByText("brk_7Qx2…9fKd").first()).toBeVisible();
  await expect(page.getByRole("row", { name: /old-importer/ })).toContainText("Expired");
  await expect(page.getByRole("row", { name: /laptop/ })).toContainText("Revoked");
  await expect(page.getByRole("button", { name: "More for laptop" })).toHaveCount(0);
  await lookAtBoth(page, "keys");
});

test("a token is made, shown once and copied", async ({ page, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await serve(page, {
    ...listed,
    "POST /api/services": { status: 201, json: { ...service({}), token } },
  });
  await page.goto("/admin/keys");
  await page.getByRole("button", { name: "Create API Token" }).click();
  await page.getByLabel("Service Name").fill("nightly-loader");
  await page.getByRole("checkbox", { name: "All of runs" }).check();
  await page.getByRole("checkbox", { name: "Start runs" }).check();
  await page.getByLabel("Expires").selectOption("90 days");
  await expect(page.getByRole("checkbox", { name: "Make contacts" })).toBeDisabled();
  await lookAtBoth(page, "keys-new");
  const sent = page.waitForRequest("**/api/services");
  await page.getByRole("button", { name: "Generate Token" }).click();
  expect((await sent).postDataJSON()).toMatchObject({
    service_name: "nightly-loader",
    permissions: ["runs.view", "runs.cancel", "pipelines.run"],
    expires_at: expect.stringMatching(/^\d{4}-/),
  });
  await expect(page.getByLabel("Token", { exact: true })).toHaveValue(token);
  await expect(page.getByLabel("Try it", { exact: true })).toHaveValue(
    /^curl -H .*\/api\/pipelines$/,
  );
  await lookAtBoth(page, "keys-made");
  await page.getByRole("button", { name: "Copy Token" }).click();
  await expect(page.getByRole("button", { name: "Token copied" })).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(token);
  await page.getByRole("button", { name: "Done" }).click();
  await expect(page.getByRole("dialog")).toHaveCount(0);
});

test("a name that is taken says so at its field; a token need not expire", async ({ page }) => {
  await serve(page, {
    ...listed,
    "POST /api/services": refusal(409, "service_exists", "There is already such a service."),
  });
  await page.goto("/admin/keys");
  await page.getByRole("button", { name: "Create API Token" }).click();
  await page.getByLabel("Service Name").fill("dashboards");
  await page.getByLabel("Expires").selectOption("On a day");
  await expect(page.getByLabel("Last day")).toBeVisible();
  await page.getByLabel("Expires").selectOption("Never");
  const sent = page.waitForRequest("**/api/services");
  await page.getByRole("button", { name: "Generate Token" }).click();
  expect((await sent).postDataJSON()).not.toHaveProperty("expires_at");
  await expect(page.getByLabel("Service Name")).toHaveAccessibleDescription(
    /There is already such a service/,
  );
});

test("a token is made from the page of the users, and permissions are switched on later", async ({
  page,
}) => {
  const made = { ...service({ permissions: [] }), token };
  await serve(page, {
    ...listed,
    "GET /api/auth/users": { json: users },
    "POST /api/services": { status: 201, json: made },
  });
  await page.goto("/admin/users");
  await page.getByRole("link", { name: "Create API Token" }).click();
  await page.getByLabel("Service Name").fill("nightly-loader");
  const sent = page.waitForRequest("**/api/services");
  await page.getByRole("button", { name: "Generate Token" }).click();
  expect((await sent).postDataJSON()).toEqual({ service_name: "nightly-loader", permissions: [] });
  await expect(page.getByRole("dialog")).toContainText("It may do nothing yet");
});

test("name, end and permissions are edited", async ({ page }) => {
  await serve(page, { ...listed, "PUT /api/services/k1": { json: service({}) } });
  await page.goto("/admin/keys");
  await page.getByRole("button", { name: "More for nightly-loader" }).click();
  await page.getByRole("menuitem", { name: "Edit…" }).click();
  await expect(page.getByRole("checkbox", { name: "Start runs" })).toBeChecked();
  await page.getByLabel("Service Name").fill("hourly-loader");
  await page.getByLabel("Expires").selectOption("Never");
  await page.getByRole("checkbox", { name: "Start runs" }).uncheck();
  const sent = page.waitForRequest((request) => request.method() === "PUT");
  await page.getByRole("button", { name: "Save" }).click();
  expect((await sent).postDataJSON()).toEqual({
    service_name: "hourly-loader",
    permissions: ["pipelines.view", "runs.view"],
    expires_at: null,
  });
  await expect(page.getByText("from its next call on")).toBeVisible();
});

test("revoking says what stops", async ({ page }) => {
  await serve(page, { ...listed, "DELETE /api/services/k1": { status: 204 } });
  await page.goto("/admin/keys");
  await page.getByRole("button", { name: "More for nightly-loader" }).click();
  await page.getByRole("menuitem", { name: "Revoke…" }).click();
  await expect(page.getByRole("dialog")).toContainText(/it was last used \d+ min ago/);
  await lookAtBoth(page, "keys-revoke");
  await page.getByRole("button", { name: "Revoke", exact: true }).click();
  await expect(page.getByText("does not work any more")).toBeVisible();
});

test("tokens that load, fail, are denied or not there", async ({ page }) => {
  await serve(page, { "GET /api/services": "never" });
  await page.goto("/admin/keys");
  await expect(page.getByRole("status", { name: "Loading" })).toBeVisible();
  await serve(page, { "GET /api/services": refusal(500, "internal", "The store is away.") });
  await page.reload();
  await expect(page.getByText("req-7f3a91")).toBeVisible();
  await serve(page, { "GET /api/services": { json: [] } });
  await page.reload();
  await expect(page.getByText("No API token yet")).toBeVisible();
  await lookAtBoth(page, "keys-empty");
  await serve(page, {
    "GET /api/services": refusal(403, "forbidden", "This needs services.manage."),
    "GET /api/auth/me/permissions": { json: ["settings.manage_users"] },
  });
  await page.reload();
  await expect(page.getByText("Ask an administrator")).toBeVisible();
  await expect(page.getByRole("link", { name: "API tokens" })).toHaveCount(0);
  await lookAtBoth(page, "keys-denied");
});

test("long names stay in their place", async ({ page }) => {
  const long = "טוען-البيانات-".repeat(9);
  await serve(page, {
    ...listed,
    "GET /api/services": {
      json: [
        service({ service_name: long, owner: long, permissions: grantable.map((p) => p.name) }),
      ],
    },
  });
  await page.goto("/admin/keys");
  await expect(page.getByRole("row")).toHaveCount(2);
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - window.innerWidth,
  );
  expect(overflow).toBeLessThanOrEqual(0);
  await lookAtBoth(page, "keys-long");
});
