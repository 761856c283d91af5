import { expect, type Page, test } from "@playwright/test";
import type { Member, Workspace } from "../../src/lib/accounts";
import { user, users } from "./accounts";
import { lookAtBoth } from "./check";
import { ago } from "./fixtures";
import { type Answers, refusal, serve } from "./server";

const places = [
  { id: "default", name: "Default" },
  { id: "north", name: "The North" },
];

const workspaces: Workspace[] = [
  { id: "default", name: "Default", created_at: ago(90_000), pipelines: 12, members: 5 },
  { id: "north", name: "The North", created_at: ago(900), pipelines: 0, members: 1 },
];

const members: Member[] = [
  { user_id: "u1", username: "ada", role: "admin", disabled: false, since: ago(900) },
  { user_id: "u2", username: "grace", role: "superadmin", disabled: false },
  { user_id: "u3", username: "linus", role: "editor", disabled: true, since: ago(300) },
];

const me = (workspace_id: string, all = places) => ({
  json: { id: "u1", username: "ada", role: "admin", workspace_id, workspaces: all },
});

const listed: Answers = {
  "GET /api/auth/me": me("default"),
  "GET /api/auth/me/permissions": {
    json: [
      "settings.manage_users",
      "workspaces.create",
      "workspaces.manage_members",
      "workspaces.delete",
    ],
  },
  "GET /api/auth/users": { json: [...users, user({ id: "u9", username: "nina" })] },
  "GET /api/workspaces": { json: workspaces },
  "GET /api/workspaces/north/members": { json: members },
};

async function openMenu(page: Page, item: string): Promise<void> {
  await page.getByRole("button", { name: "More for The North" }).click();
  await page.getByRole("menuitem", { name: item }).click();
}

test("who belongs to one workspace has nothing to switch", async ({ page }) => {
  await serve(page, { "GET /api/auth/me": me("default", places.slice(0, 1)) });
  await page.goto("/");
  await expect(page.getByRole("button", { name: "Account of ada" })).toBeVisible();
  await expect(page.getByRole("button", { name: /^Workspace/ })).toHaveCount(0);
});

test("a tab works in the workspace that was chosen in it, streams too", async ({ page }) => {
  await serve(page, listed);
  await page.goto("/pipelines");
  await expect(page.getByRole("button", { name: "Workspace Default" })).toBeVisible();
  await lookAtBoth(page, "workspace-switch");
  await page.getByRole("button", { name: "Workspace Default" }).click();
  await serve(page, { ...listed, "GET /api/auth/me": me("north") });
  const asked = page.waitForRequest("**/api/pipelines/summary");
  await page.getByRole("menuitem", { name: "The North" }).click();
  expect((await asked).headers()["x-workspace-id"]).toBe("north");
  await expect(page).toHaveURL("/");
  await expect(page.getByRole("button", { name: "Workspace The North" })).toBeVisible();
  const again = page.waitForRequest("**/api/auth/me");
  await page.reload();
  expect((await again).headers()["x-workspace-id"]).toBe("north");
  const other = await page.context().newPage();
  await serve(other, listed);
  const fresh = other.waitForRequest("**/api/auth/me");
  await other.goto("/");
  expect((await fresh).headers()["x-workspace-id"]).toBeUndefined();
});

test("a workspace that is lost gives way to another one", async ({ page }) => {
  await serve(page, listed);
  await page.addInitScript(() => {
    if (!sessionStorage.getItem("seen")) sessionStorage.setItem("broked.workspace", "gone");
    sessionStorage.setItem("seen", "yes");
  });
  await page.route("**/api/auth/me", async (route) => {
    const named = route.request().headers()["x-workspace-id"];
    if (!named) return route.fallback();
    return route.fulfill({
      status: 404,
      contentType: "application/json",
      body: JSON.stringify({ error: "There is no workspace.", code: "workspace_not_found" }),
    });
  });
  await page.goto("/");
  await expect(page.getByRole("button", { name: "Workspace Default" })).toBeVisible();
});

test("workspaces are listed, made, renamed and deleted", async ({ page }) => {
  await serve(page, {
    ...listed,
    "POST /api/workspaces": { status: 201, json: workspaces[1] },
    "PUT /api/workspaces/north": { json: { ...workspaces[1], name: "Nord" } },
    "DELETE /api/workspaces/north": refusal(
      409,
      "workspace_not_empty",
      'The workspace "north" is not empty, it has 2 pipelines.',
    ),
  });
  await page.goto("/");
  await page.getByRole("link", { name: "Workspaces" }).click();
  await expect(page).toHaveURL("/admin/workspaces");
  await expect(page.getByRole("row")).toHaveCount(3);
  await lookAtBoth(page, "workspaces");
  await page.getByRole("button", { name: "Make a workspace" }).click();
  await page.getByRole("textbox", { name: "Name" }).fill("The North");
  await expect(page.getByRole("textbox", { name: "Id" })).toHaveValue("the-north");
  await lookAtBoth(page, "workspaces-new");
  const sent = page.waitForRequest((request) => request.method() === "POST");
  await page.getByRole("button", { name: "Make the workspace" }).click();
  expect((await sent).postDataJSON()).toEqual({ id: "the-north", name: "The North" });
  await expect(page.getByRole("dialog")).toHaveCount(0);

  await openMenu(page, "Rename…");
  await page.getByRole("textbox", { name: "Name" }).fill("Nord");
  await page.getByRole("button", { name: "Rename", exact: true }).click();
  await expect(page.getByText("It is called “Nord” now.")).toBeVisible();
  await openMenu(page, "Delete…");
  await page.getByRole("button", { name: "Delete", exact: true }).click();
  await expect(page.getByText("it has 2 pipelines")).toBeVisible();
  await page.getByRole("button", { name: "Keep as it is" }).click();
  await page.getByRole("button", { name: "More for Default" }).click();
  await expect(page.getByRole("menuitem", { name: "Delete…" })).toHaveCount(0);
});

test("members are added and taken out, but not oneself", async ({ page }) => {
  await serve(page, {
    ...listed,
    "POST /api/workspaces/north/members": { status: 201, json: members[0] },
    "DELETE /api/workspaces/north/members/u3": { status: 204 },
  });
  await page.goto("/admin/workspaces");
  await openMenu(page, "Members…");
  await expect(page.getByRole("dialog").getByRole("row")).toHaveCount(4);
  await expect(page.getByRole("row", { name: /grace/ })).toContainText("Everywhere");
  await expect(page.getByRole("button", { name: "Remove ada" })).toHaveCount(0);
  await expect(page.getByRole("button", { name: "Remove grace" })).toHaveCount(0);
  await lookAtBoth(page, "workspaces-members");
  await page.getByLabel("Account", { exact: true }).selectOption("nina");
  const sent = page.waitForRequest((request) => request.method() === "POST");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  expect((await sent).postDataJSON()).toEqual({ user_id: "u9" });
  await page.getByRole("button", { name: "Remove linus" }).click();
  await expect(page.getByText("“linus” does not belong to “The North” any more.")).toBeVisible();
});

test("workspaces that load, fail, are denied or not there", async ({ page }) => {
  await serve(page, { ...listed, "GET /api/workspaces": "never" });
  await page.goto("/admin/workspaces");
  await expect(page.getByRole("status", { name: "Loading" })).toBeVisible();
  await serve(page, {
    ...listed,
    "GET /api/workspaces": refusal(500, "internal", "The store is away."),
  });
  await page.reload();
  await expect(page.getByText("req-7f3a91")).toBeVisible();
  await serve(page, { ...listed, "GET /api/workspaces": { json: [] } });
  await page.reload();
  await expect(page.getByText("You belong to no workspace")).toBeVisible();
  await lookAtBoth(page, "workspaces-empty");
  await serve(page, {
    ...listed,
    "GET /api/workspaces": refusal(403, "forbidden", "This needs workspaces.view."),
    "GET /api/auth/me/permissions": { json: [] },
  });
  await page.reload();
  await expect(page.getByText("Ask an administrator")).toBeVisible();
  await expect(page.getByRole("link", { name: "Workspaces" })).toHaveCount(0);
});
