import { expect, test } from "@playwright/test";
import { lookAtBoth } from "./check";
import { refusal, serve } from "./server";

const nobody = { "GET /api/auth/me": refusal(401, "unauthenticated", "Sign in first.") };
const open = {
  "GET /api/auth/me": { json: { open: true, username: "", role: "superadmin" } },
  "GET /api/auth/setup": { json: { needs_setup: true, open: true, token_required: false } },
};

test("a new server on this machine opens with the wizard, which can be skipped", async ({
  page,
}) => {
  await serve(page, open);
  await page.goto("/");
  await expect(page.getByRole("heading", { name: "Welcome to broked" })).toBeVisible();
  await lookAtBoth(page, "setup");
  await page.getByRole("link", { name: "Go on without an account for now" }).click();
  await expect(page.getByText("No account exists yet")).toBeVisible();
  await lookAtBoth(page, "open-mode");
  await page.reload();
  await expect(page.getByRole("heading", { name: "Home" })).toBeVisible();
});

test("from elsewhere the wizard asks for the setup token", async ({ page }) => {
  await serve(page, {
    ...nobody,
    "GET /api/auth/setup": { json: { needs_setup: true, open: false, token_required: true } },
    "POST /api/auth/users": {
      status: 400,
      json: {
        error: "The account was not created.",
        code: "invalid",
        request_id: "req-1",
        problems: [{ path: "password", message: "must have at least 12 characters" }],
      },
    },
  });
  await page.goto("/pipelines");
  await page.getByLabel("Setup token").fill("abc");
  await page.getByLabel("Name").fill("ada");
  await page.getByLabel(/^Password/).fill("short");
  await page.getByLabel("Repeat the password").fill("other");
  await page.getByRole("button", { name: "Create the account" }).click();
  await expect(page.getByText("The two passwords differ.")).toBeVisible();
  await page.getByLabel("Repeat the password").fill("short");
  const sent = page.waitForRequest("**/api/auth/users");
  await page.getByRole("button", { name: "Create the account" }).click();
  expect((await sent).headers()["x-setup-token"]).toBe("abc");
  await expect(page.getByText("must have at least 12 characters")).toBeVisible();
  await lookAtBoth(page, "setup-problems");
});

test("signing in leads to the page that was wanted", async ({ page }) => {
  await serve(page, nobody);
  await page.goto("/runs?status=failed");
  await expect(page).toHaveURL(/signin\?next=/);
  await page.getByLabel("Name").fill("ada");
  await page.getByLabel(/^Password/).fill("right");
  await serve(page, { "POST /api/auth/login": { json: { token: "t", user: {} } } });
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page).toHaveURL("/runs?status=failed");
  await expect(page.getByRole("heading", { name: "Runs" })).toBeVisible();
});

test("a wrong password says so", async ({ page }) => {
  await serve(page, {
    ...nobody,
    "POST /api/auth/login": refusal(
      401,
      "invalid_credentials",
      "The name or the password is wrong.",
    ),
  });
  await page.goto("/signin");
  await page.getByLabel("Name").fill("ada");
  await page.getByLabel(/^Password/).fill("wrong");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByText("The name or the password is wrong.")).toBeVisible();
  await lookAtBoth(page, "signin-wrong");
});

test("a lock-out counts down and opens again", async ({ page }) => {
  await page.clock.install();
  await serve(page, {
    ...nobody,
    "POST /api/auth/login": {
      status: 429,
      headers: { "Retry-After": "65" },
      json: { error: "Too many attempts.", code: "login_locked", request_id: "req-2" },
    },
  });
  await page.goto("/signin");
  await page.getByLabel("Name").fill("ada");
  await page.getByLabel(/^Password/).fill("wrong");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByText("Too many wrong passwords")).toBeVisible();
  await expect(page.getByRole("button", { name: /Wait 1 min 0/ })).toBeDisabled();
  await lookAtBoth(page, "signin-locked");
  await page.clock.runFor(70_000);
  await expect(page.getByRole("button", { name: "Sign in" })).toBeEnabled();
});
