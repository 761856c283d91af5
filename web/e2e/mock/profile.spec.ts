import { expect, type Page, test } from "@playwright/test";
import { session, sessions } from "./accounts";
import { lookAtBoth } from "./check";
import { refusal, serve } from "./server";

const listed = { "GET /api/auth/sessions": { json: sessions } };

async function fillPasswords(page: Page, current: string, next: string, repeated = next) {
  await page.getByLabel(/^Current password/).fill(current);
  await page.getByLabel(/^New password/).fill(next);
  await page.getByLabel(/^Repeat the new password/).fill(repeated);
  await page.getByRole("button", { name: "Change password" }).click();
}

test("the account menu leads to who one is and where one is signed in", async ({ page }) => {
  await serve(page, listed);
  await page.goto("/");
  await page.getByRole("button", { name: "ada" }).click();
  await page.getByRole("menuitem", { name: "Profile" }).click();
  await expect(page).toHaveURL("/profile");
  await expect(page.getByRole("row")).toHaveCount(4);
  await expect(page.getByRole("row", { name: /Firefox 145 on Linux.*This one/ })).toBeVisible();
  await expect(page.getByText("Safari 26 on iOS")).toBeVisible();
  await lookAtBoth(page, "profile");
});

test("a password is changed, and the other sessions have ended", async ({ page }) => {
  await serve(page, { ...listed, "POST /api/auth/change-password": { json: { status: "ok" } } });
  await page.goto("/profile");
  await expect(page.getByRole("row")).toHaveCount(4);
  await fillPasswords(page, "old one", "a new long one", "another");
  await expect(page.getByText("The two passwords differ.")).toBeVisible();
  await serve(page, {
    "GET /api/auth/sessions": { json: sessions.slice(0, 1) },
    "POST /api/auth/change-password": { json: { status: "password changed", token: "t" } },
  });
  const sent = page.waitForRequest("**/api/auth/change-password");
  await fillPasswords(page, "old one", "a new long one");
  expect((await sent).postDataJSON()).toEqual({
    current_password: "old one",
    new_password: "a new long one",
  });
  await expect(page.getByText("Every other session of yours has ended.")).toBeVisible();
  await expect(page.getByRole("row")).toHaveCount(2);
  await expect(page.getByLabel(/^New password/)).toHaveValue("");
});

test("what the server finds wrong stands at its field", async ({ page }) => {
  await serve(page, {
    ...listed,
    "POST /api/auth/change-password": {
      status: 400,
      json: {
        error: "The password was not changed.",
        code: "invalid",
        request_id: "req-1",
        problems: [{ path: "new_password", message: "must have at least 12 characters" }],
      },
    },
  });
  await page.goto("/profile");
  await fillPasswords(page, "old one", "short");
  await expect(page.getByLabel(/^New password/)).toHaveAccessibleDescription(
    "Must have at least 12 characters.",
  );
  await lookAtBoth(page, "profile-problems");
  await serve(page, {
    "POST /api/auth/change-password": refusal(400, "wrong_password", "This is not your password."),
  });
  await fillPasswords(page, "old one", "short");
  await expect(page.getByLabel(/^Current password/)).toHaveAccessibleDescription(
    "This is not your password.",
  );
});

test("too many wrong passwords lock the form for a while", async ({ page }) => {
  await serve(page, {
    ...listed,
    "POST /api/auth/change-password": {
      status: 429,
      headers: { "Retry-After": "65" },
      json: { error: "Too many attempts.", code: "login_locked", request_id: "req-2" },
    },
  });
  await page.goto("/profile");
  await fillPasswords(page, "wrong", "a new long one");
  await expect(page.getByText("Too many wrong passwords")).toBeVisible();
  await expect(page.getByRole("button", { name: /^Wait 1 min/ })).toBeDisabled();
});

test("one session ends, or all the others", async ({ page }) => {
  await serve(page, { ...listed, "DELETE /api/auth/sessions/s3": { status: 204 } });
  await page.goto("/profile");
  const one = page.waitForRequest((request) => request.method() === "DELETE");
  await page.getByRole("button", { name: "End the session of curl 8.14.1 at 10.0.4.18" }).click();
  await one;
  await expect(page.getByText("The session of curl 8.14.1 has ended.")).toBeVisible();
  await serve(page, { ...listed, "DELETE /api/auth/sessions": { json: { ended: 2 } } });
  await page.getByRole("button", { name: "End all others" }).click();
  await expect(page.getByRole("dialog")).toContainText("2 other browsers and programs");
  await lookAtBoth(page, "profile-end-others");
  await page.getByRole("button", { name: "End them" }).click();
  await expect(page.getByText("2 sessions have ended.")).toBeVisible();
});

test("sessions that load, fail or are only one", async ({ page }) => {
  await serve(page, { "GET /api/auth/sessions": "never" });
  await page.goto("/profile");
  await expect(page.getByRole("status", { name: "Loading" })).toBeVisible();
  await serve(page, {
    "GET /api/auth/sessions": refusal(500, "internal", "The store did not answer."),
  });
  await page.reload();
  await expect(page.getByText("req-7f3a91")).toBeVisible();
  await lookAtBoth(page, "profile-error");
  await serve(page, { "GET /api/auth/sessions": { json: sessions.slice(0, 1) } });
  await page.reload();
  await expect(page.getByText("This one")).toBeVisible();
  await expect(page.getByRole("button", { name: "End all others" })).toHaveCount(0);
});

test("long names and programs stay in their place", async ({ page }) => {
  const long = "عيكوبים_".repeat(16);
  await serve(page, {
    "GET /api/auth/me": { json: { id: "u1", username: long, role: "superadmin" } },
    "GET /api/auth/sessions": { json: [session({ agent: `x${long.repeat(4)}`, address: long })] },
  });
  await page.goto("/profile");
  await expect(page.getByRole("row")).toHaveCount(2);
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - window.innerWidth,
  );
  expect(overflow).toBeLessThanOrEqual(0);
  await lookAtBoth(page, "profile-long");
});

test("without any account there is no profile", async ({ page }) => {
  await serve(page, {
    "GET /api/auth/me": { json: { open: true, username: "", role: "superadmin" } },
  });
  await page.goto("/profile");
  await expect(page.getByText("You have no account yet")).toBeVisible();
  await lookAtBoth(page, "profile-open");
});
