import { readFileSync } from "node:fs";
import { expect, type Page, test } from "@playwright/test";
import { sessions, users } from "./accounts";
import { lookAtBoth } from "./check";
import { ago, failing, finished, flights } from "./fixtures";
import { columnsBefore } from "./history";
import { type Answers, page as listOf, serve } from "./server";
import { grantable, services } from "./services";

const home = { id: "default", name: "Default" };
const described = JSON.parse(readFileSync("../docs/openapi.json", "utf8"));

const contact = {
  id: "c1",
  product: "recruiting",
  first_name: "Grace",
  last_name: "Hopper",
  email: "grace@example.com",
  tags: ["newsletter"],
  custom: {},
  document_urls: [],
  created_at: ago(900),
  updated_at: ago(4),
};

/** What the pages of the administration ask for besides what is usual. */
const answers: Answers = {
  "GET /api/auth/me": {
    json: { id: "u1", username: "ada", role: "admin", workspace_id: "default", workspaces: [home] },
  },
  "GET /api/auth/users": { json: users },
  "GET /api/auth/sessions": { json: sessions },
  "GET /api/services": { json: services },
  "GET /api/permissions": { json: grantable },
  "GET /api/workspaces": {
    json: [{ ...home, created_at: ago(90_000), pipelines: 12, members: 5 }],
  },
  "GET /api/audit": { json: listOf([]) },
  "GET /api/hooks": { json: [] },
  "GET /api/deliveries": { json: [] },
  "GET /api/hooks/deliveries": { json: [] },
  "GET /v2/leads": { json: listOf([]) },
  "POST /api/schedule/preview": { json: { valid: false, error: "It has no times." } },
  "GET /api/pipelines/p-flights/webhook": {
    json: {
      path: "/api/pipelines/p-flights/webhook",
      token_end: "c0de",
      paused: false,
      created_at: ago(900),
      signed: true,
    },
  },
  "GET /api/pipelines/p-flights/backfills": { json: [] },
  "GET /api/pipelines/p-flights/runs": { json: listOf([finished]) },
  "GET /api/issues/i1": {
    json: { ...failing, id: "i1", history: [] },
  },
  "POST /api/alerts/i1/read": { status: 204 },
  "GET /v2/leads/c1": { json: contact },
  "GET /v2/leads/c1/history": { json: [] },
  "GET /v2/leads/c1/attachments": { json: [] },
  "GET /api/runs/r2": { json: { ...finished, id: "r2" } },
  "GET /api/runs/r2/columns": { json: columnsBefore },
  "GET /api/lineage": { json: { nodes: [], edges: [], truncated: false } },
  "GET /api/runs/r1/tables": { json: [] },
  "GET /api/openapi.json": { json: described },
  "GET /api/request": { json: { Result: [], Errors: [] } },
  "POST /api/pipelines/validate": { json: { valid: true, errors: [], problems: [], warnings: [] } },
};

/** How each of the pages before one is signed in finds the server. */
const outside: Record<string, Answers> = {
  "/setup": { "GET /api/auth/setup": { json: { needs_setup: true, open: false } } },
  "/password": {
    "GET /api/auth/me": { json: { username: "ada", role: "admin", must_change_password: true } },
  },
};

/** Routes and what their first heading says; those of a new kind of page belong here, too. */
const pages: [path: string, title: string][] = [
  ["/setup", "Welcome to broked"],
  ["/signin", "Sign in"],
  ["/password", "Choose a new password"],
  ["/", "Home"],
  ["/pipelines", "Pipelines"],
  ["/pipelines/p-flights", flights.name],
  ["/pipelines/p-flights?tab=runs", flights.name],
  ["/pipelines/p-flights?tab=backfills", flights.name],
  ["/pipelines/p-flights?tab=settings", flights.name],
  ["/pipelines/p-flights?tab=triggers", flights.name],
  ["/pipelines/p-flights?tab=versions", flights.name],
  ["/pipelines/p-flights?tab=yaml", flights.name],
  ["/pipelines/p-flights/edit", ""],
  ["/pipelines/new", ""],
  ["/runs", "Runs"],
  ["/runs/r1", flights.name],
  ["/runs/compare?a=r1&b=r2", "Compare runs"],
  ["/runs?as=grid", "Runs"],
  ["/runs?as=calendar", "Runs"],
  ["/console?run=r1", "Console"],
  ["/lineage", "Lineage"],
  ["/api-reference", "API"],
  ["/issues", "Issues"],
  ["/issues/i1", failing.title],
  ["/contacts", "Contacts"],
  ["/contacts/c1", "Grace Hopper"],
  ["/profile", "Profile"],
  ["/admin/users", "Users"],
  ["/admin/keys", "API tokens"],
  ["/admin/workspaces", "Workspaces"],
  ["/connections", "Connections"],
  ["/variables", "Variables"],
  ["/admin/hooks", "Hooks"],
  ["/admin/audit", "Audit log"],
  ["/admin/system", "System"],
  ["/nowhere", "There is no page"],
];

/** What the browser complains of: errors, warnings, and what the policy for content forbids. */
function complaints(page: Page): string[] {
  const found: string[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) found.push(message.text());
  });
  page.on("pageerror", (error) => found.push(error.message));
  return found;
}

for (const [path, title] of pages) {
  test(`${path}: nothing serious by axe in light and dark, and a silent browser`, async ({
    page,
  }) => {
    const found = complaints(page);
    await page.setViewportSize({ width: 1280, height: 720 });
    await serve(page, { ...answers, ...outside[path] });
    await page.goto(path);
    const there = title
      ? page.getByRole("main").getByText(title).first()
      : page.getByRole("textbox", { name: "Name of the pipeline" });
    await expect(there).toBeVisible();
    await expect(page.getByRole("status", { name: "Loading" })).toHaveCount(0);
    await lookAtBoth(page, `every${path.replaceAll(/[^a-z0-9]+/g, "-")}`);
    expect(found).toEqual([]);
  });
}

test("every route of the interface is in the list", () => {
  const router = readFileSync(new URL("../../src/app/router.tsx", import.meta.url), "utf8");
  const routes = [...router.matchAll(/^ {2}path: "([^"]+)"/gm)].map(([, path = ""]) => path);
  expect(routes.length).toBeGreaterThan(20);
  const listed = pages.map(([path]) => path.split("?")[0] ?? "");
  const named = new Set(routes.filter((route) => !route.includes("$")));
  const missing = routes.filter((route) => {
    const form = new RegExp(`^${route.replaceAll(/\$\w+/g, "[^/]+")}$`);
    return !listed.some((path) => form.test(path) && (route === path || !named.has(path)));
  });
  expect(missing).toEqual([]);
});

for (const path of ["/", "/runs", "/runs/r1"]) {
  test(`${path} is read on a phone without going sideways`, async ({ page }) => {
    await page.setViewportSize({ width: 390, height: 844 });
    await serve(page, answers);
    await page.goto(path);
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    await expect(page.getByRole("status", { name: "Loading" })).toHaveCount(0);
    await page.screenshot({ path: `e2e/shots/phone${path.replaceAll("/", "-")}.png` });
    const wide = await page
      .getByRole("main")
      .evaluate((main) => main.scrollWidth - main.clientWidth);
    expect(wide).toBeLessThanOrEqual(0);
  });
}
