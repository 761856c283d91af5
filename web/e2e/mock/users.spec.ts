import { expect, type Page, test } from "@playwright/test";
import { user, users } from "./accounts";
import { lookAtBoth } from "./check";
import { refusal, serve } from "./server";

const listed = { "GET /api/auth/users": { json: users } };

async function choose(page: Page, name: string, action: string) {
  await page.getByRole("button", { name: `More for ${name}` }).click();
  await page.getByRole("menuitem", { name: action }).click();
}

test("administration lists the accounts; those above one's own role are left alone", async ({
  page,
}) => {
  await serve(page, listed);
  await page.goto("/");
  await page.getByRole("link", { name: "Users" }).click();
  await expect(page).toHaveURL("/admin/users");
  await expect(page.getByRole("row")).toHaveCount(5);
  await expect(page.getByRole("button", { name: "More for grace" })).toHaveCount(0);
  await lookAtBoth(page, "users");
});

test("who may not manage accounts has no such page", async ({ page }) => {
  await serve(page, {
    "GET /api/auth/users": refusal(403, "forbidden", "This needs settings.manage_users."),
    "GET /api/auth/me/permissions": { json: ["pipelines.view"] },
  });
  await page.goto("/admin/users");
  await expect(page.getByText("Ask an administrator")).toBeVisible();
  await expect(page.getByText("Administration")).toHaveCount(0);
  await lookAtBoth(page, "users-denied");
});

test("accounts that load, fail or are not there", async ({ page }) => {
  await serve(page, { "GET /api/auth/users": "never" });
  await page.goto("/admin/users");
  await expect(page.getByRole("status", { name: "Loading" })).toBeVisible();
  await serve(page, { "GET /api/auth/users": refusal(500, "internal", "The store is away.") });
  await page.reload();
  await expect(page.getByText("req-7f3a91")).toBeVisible();
  await serve(page, { "GET /api/auth/users": { json: [] } });
  await page.reload();
  await expect(page.getByText("No account yet")).toBeVisible();
  await lookAtBoth(page, "users-empty");
});

test("an account is made; no role above one's own is offered", async ({ page }) => {
  await serve(page, {
    ...listed,
    "POST /api/auth/users": {
      status: 400,
      json: {
        error: "The account was not made.",
        code: "invalid",
        request_id: "req-1",
        problems: [{ path: "password", message: "must have at least 12 characters" }],
      },
    },
  });
  await page.goto("/admin/users");
  await page.getByRole("button", { name: "Make an account" }).click();
  await expect(page.getByRole("radio")).toHaveCount(3);
  await page.getByLabel("Name").fill("barbara");
  await page.getByLabel(/^Password/).fill("short");
  await page.getByRole("radio", { name: "editor" }).check();
  await page.getByRole("button", { name: "Make the account" }).click();
  await expect(page.getByText("Must have at least 12 characters.")).toBeVisible();
  await lookAtBoth(page, "users-new");
  await serve(page, {
    ...listed,
    "POST /api/auth/users": { status: 201, json: user({ id: "u9", username: "barbara" }) },
  });
  const sent = page.waitForRequest("**/api/auth/users");
  await page.getByLabel(/^Password/).fill("a long enough one");
  await page.getByRole("button", { name: "Make the account" }).click();
  expect((await sent).postDataJSON()).toEqual({
    username: "barbara",
    password: "a long enough one",
    role: "editor",
  });
  await expect(page.getByText("“barbara” can sign in now.")).toBeVisible();
});

test("a role is changed, and the last admin keeps it", async ({ page }) => {
  await serve(page, {
    ...listed,
    "PUT /api/auth/users/u1": refusal(409, "last_admin", "This is the last admin."),
    "PUT /api/auth/users/u4": { json: user({ id: "u4", role: "editor" }) },
  });
  await page.goto("/admin/users");
  await choose(page, "hopper", "Change role…");
  await page.getByRole("radio", { name: "editor" }).check();
  const sent = page.waitForRequest((request) => request.method() === "PUT");
  await page.getByRole("button", { name: "Change role" }).click();
  expect((await sent).postDataJSON()).toEqual({ role: "editor" });
  await expect(page.getByText("“hopper” is editor now.")).toBeVisible();
  await choose(page, "ada", "Change role…");
  await page.getByRole("radio", { name: "viewer" }).check();
  await page.getByRole("button", { name: "Change role" }).click();
  await expect(page.getByText("The last admin has to stay")).toBeVisible();
  await lookAtBoth(page, "users-last-admin");
});

test("an account is disabled and enabled", async ({ page }) => {
  await serve(page, {
    ...listed,
    "PUT /api/auth/users/u3": { json: user({ id: "u3" }) },
    "PUT /api/auth/users/u4": { json: user({ id: "u4", disabled: true }) },
  });
  await page.goto("/admin/users");
  await choose(page, "linus", "Enable");
  await expect(page.getByText("“linus” can sign in again.")).toBeVisible();
  await choose(page, "hopper", "Disable…");
  await expect(page.getByRole("dialog")).toContainText("Nothing is deleted");
  const sent = page.waitForRequest((request) => request.method() === "PUT");
  await page.getByRole("button", { name: "Disable", exact: true }).click();
  expect((await sent).postDataJSON()).toEqual({ disabled: true });
  await expect(page.getByText("“hopper” cannot sign in any more.")).toBeVisible();
});

test("deleting names what goes and what stays", async ({ page }) => {
  await serve(page, { ...listed, "DELETE /api/auth/users/u3": { status: 204 } });
  await page.goto("/admin/users");
  await choose(page, "linus", "Delete…");
  await expect(page.getByRole("dialog")).toContainText("This destroys the account linus");
  await lookAtBoth(page, "users-delete");
  await page.getByRole("button", { name: "Delete", exact: true }).click();
  await expect(page.getByText("The account “linus” was deleted.")).toBeVisible();
});

test("a made-up password is shown once and can be copied", async ({ page, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await serve(page, {
    ...listed,
    "POST /api/auth/admin-reset-password": {
      json: { status: "password reset", password: "vexed-otter-plays-42-drums" },
    },
  });
  await page.goto("/admin/users");
  await choose(page, "hopper", "Reset password…");
  await page.getByRole("button", { name: "Reset password" }).click();
  const made = page.getByLabel("New password", { exact: true });
  await expect(made).toHaveValue("vexed-otter-plays-42-drums");
  await lookAtBoth(page, "users-reset");
  await page.getByRole("button", { name: "Copy New password" }).click();
  await expect(page.getByRole("button", { name: "New password copied" })).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(
    "vexed-otter-plays-42-drums",
  );
  await page.keyboard.press("Escape");
  await expect(made).toBeVisible();
  await page.getByRole("button", { name: "Done" }).click();
  await expect(made).toHaveCount(0);
});

test("a given password is set", async ({ page }) => {
  await serve(page, {
    ...listed,
    "POST /api/auth/admin-reset-password": { json: { status: "password reset" } },
  });
  await page.goto("/admin/users");
  await choose(page, "hopper", "Reset password…");
  await page.getByRole("radio", { name: "Set this one" }).check();
  await page.getByLabel(/^New password/).fill("a long enough one");
  const sent = page.waitForRequest("**/admin-reset-password");
  await page.getByRole("button", { name: "Reset password" }).click();
  expect((await sent).postDataJSON()).toEqual({
    user_id: "u4",
    new_password: "a long enough one",
  });
  await expect(page.getByText("“hopper” has a new password.")).toBeVisible();
});

test("long names stay in their place", async ({ page }) => {
  const long = "עיכובים-لفترة-".repeat(9);
  await serve(page, {
    "GET /api/auth/users": { json: [user({ id: "u5", username: long, role: "viewer" })] },
  });
  await page.goto("/admin/users");
  await expect(page.getByRole("row")).toHaveCount(2);
  await choose(page, long, "Delete…");
  await expect(page.getByRole("dialog")).toBeVisible();
  await lookAtBoth(page, "users-long");
});
