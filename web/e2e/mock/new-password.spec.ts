import { expect, type Page, test } from "@playwright/test";
import { lookAtBoth } from "./check";
import { refusal, serve } from "./server";

const due = refusal(403, "password_change_required", "Your password is a temporary one.");
const temporary = { id: "u4", username: "hopper", role: "viewer", must_change_password: true };

async function fillPasswords(page: Page) {
  await page.getByLabel(/^Current password/).fill("temporary one");
  await page.getByLabel(/^New password/).fill("a new long one");
  await page.getByLabel(/^Repeat the new password/).fill("a new long one");
  await page.getByRole("button", { name: "Set the new password" }).click();
}

test("a temporary password has to be replaced before anything else", async ({ page }) => {
  await serve(page, { "GET /api/auth/me": { json: temporary }, "GET /api/runs": due });
  await page.goto("/runs?status=failed");
  await expect(page.getByRole("heading", { name: "Choose a new password" })).toBeVisible();
  await expect(page).toHaveURL(/^[^?]*\/password\?next=/);
  await expect(page.getByRole("navigation", { name: "Pages" })).toHaveCount(0);
  await lookAtBoth(page, "new-password");
  await page.goto("/pipelines");
  await expect(page.getByRole("heading", { name: "Choose a new password" })).toBeVisible();
  await serve(page, {
    "POST /api/auth/change-password": { json: { status: "password changed", token: "t" } },
  });
  await fillPasswords(page);
  await expect(page).toHaveURL("/pipelines");
  await expect(page.getByText("Weather by month")).toBeVisible();
});

test("a password that is reset meanwhile asks for a new one at the next call", async ({ page }) => {
  await serve(page, { "GET /api/runs": due });
  await page.goto("/runs");
  await expect(page).toHaveURL(/\/password\?next=%2Fruns/);
  await expect(page.getByRole("heading", { name: "Choose a new password" })).toBeVisible();
});

test("what is wrong with the new password stands at its field", async ({ page }) => {
  await serve(page, {
    "GET /api/auth/me": { json: temporary },
    "POST /api/auth/change-password": {
      status: 400,
      json: {
        error: "The password was not changed.",
        code: "invalid",
        request_id: "req-1",
        problems: [{ path: "password", message: "is one of the most used ones" }],
      },
    },
  });
  await page.goto("/");
  await fillPasswords(page);
  await expect(page.getByLabel(/^New password/)).toHaveAccessibleDescription(
    "Is one of the most used ones.",
  );
  await lookAtBoth(page, "new-password-problems");
});

test("one may sign out instead, and nobody is sent to sign in", async ({ page }) => {
  await serve(page, {
    "GET /api/auth/me": { json: temporary },
    "POST /api/auth/logout": { json: { status: "ok" } },
  });
  await page.goto("/");
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page).toHaveURL("/signin");
  await serve(page, { "GET /api/auth/me": refusal(401, "unauthenticated", "Sign in first.") });
  await page.goto("/password");
  await expect(page).toHaveURL("/signin");
});

test("the page is never blank, and tells what went wrong", async ({ page }) => {
  await serve(page, { "GET /api/auth/me": "never" });
  await page.goto("/password");
  await expect(page.getByRole("status", { name: "Loading" })).toBeVisible();
  await serve(page, { "GET /api/auth/me": refusal(500, "internal", "The store is away.") });
  await page.reload();
  await expect(page.getByText("req-7f3a91")).toBeVisible();
  await lookAtBoth(page, "new-password-error");
});
