import { expect, type Page, test } from "@playwright/test";
import { lookAtBoth } from "./check";
import { type Answers, refusal, serve } from "./server";

const shop = {
  id: "1",
  conn_id: "shop",
  type: "postgres",
  description: "Orders of the shop",
  host: "db.example.com",
  port: 5433,
  schema: "shop",
  login: "reader",
  options: { sslmode: "require" },
  password_ref: "encrypted://********",
  updated_at: "2026-11-20T10:00:00Z",
};

const types = [
  {
    type: "postgres",
    label: "PostgreSQL",
    category: "database",
    description: "A PostgreSQL database.",
    fields: ["host", "port", "schema", "login", "password", "extra"],
    hints: { port: "5432 when left out" },
    options_schema: {
      type: "object",
      properties: { sslmode: { type: "string", title: "TLS", enum: ["disable", "require"] } },
    },
    extra_schema: {
      type: "object",
      properties: { client_key: { type: "string", title: "Client key", format: "long-text" } },
    },
  },
  {
    type: "sqlite",
    label: "SQLite",
    category: "database",
    description: "A file that is an SQLite database.",
    fields: ["host"],
    labels: { host: "File" },
    options_schema: { type: "object", properties: {} },
    extra_schema: { type: "object", properties: {} },
  },
  {
    type: "http",
    label: "HTTP / REST API",
    category: "api",
    description: "An address that requests begin with.",
    fields: ["host", "port", "login", "password"],
    presets: [
      {
        name: "service",
        label: "Service API",
        description: "A server that exchanges a service token for short sessions.",
        hints: { password: "The service token" },
        options: { auth: "service", max_concurrency: 1 },
      },
    ],
    options_schema: {
      type: "object",
      properties: {
        auth: { type: "string", title: "Sign in by", enum: ["none", "basic", "service"] },
        max_concurrency: { type: "integer", title: "Requests at once" },
      },
    },
    extra_schema: { type: "object", properties: {} },
  },
];

async function open(page: Page, answers: Answers = {}): Promise<void> {
  await serve(page, {
    "GET /api/auth/me/permissions": {
      json: [
        "connections.view",
        "connections.create",
        "connections.edit",
        "connections.delete",
        "connections.test",
      ],
    },
    "GET /api/connections": { json: [shop] },
    "GET /api/connection-types": { json: types },
    ...answers,
  });
  await page.goto("/connections");
}

test("a connection is made by a form of its type, and tried before it is saved", async ({
  page,
}) => {
  await open(page, {
    "GET /api/connections": { json: [] },
    "POST /api/connections": { status: 201, json: shop },
    "POST /api/test-connection": {
      json: { success: false, failed: "login", error: "The login was refused.", duration_ms: 12 },
    },
  });
  await page.getByRole("button", { name: "New connection" }).click();
  await expect(page.getByRole("region", { name: "Databases" })).toBeVisible();
  await lookAtBoth(page, "connection-types");
  await page.getByRole("textbox", { name: "Search types" }).fill("sqlite");
  await page.getByRole("button", { name: "SQLite" }).click();
  await expect(page.getByRole("textbox", { name: "File" })).toBeVisible();
  await page.getByRole("button", { name: "Another type" }).click();
  await page.getByRole("button", { name: "PostgreSQL" }).click();
  await page.getByRole("textbox", { name: "Name" }).fill("shop");
  await page.getByRole("textbox", { name: "Host" }).fill("db.example.com");
  await page.getByRole("textbox", { name: "Port" }).fill("5433");
  await page.getByRole("textbox", { name: "Password", exact: true }).fill("hunter2");
  await page.getByRole("button", { name: "Test" }).click();
  await expect(
    page.getByRole("status").filter({ hasText: "The login was refused." }),
  ).toBeVisible();
  await lookAtBoth(page, "connection-new");
  const sent = page.waitForRequest(
    (request) => request.method() === "POST" && request.url().endsWith("/api/connections"),
  );
  await page.getByRole("button", { name: "Save" }).click();
  expect((await sent).postDataJSON()).toMatchObject({
    conn_id: "shop",
    type: "postgres",
    host: "db.example.com",
    port: 5433,
    password: "hunter2",
  });
  await expect(page.getByRole("dialog")).toBeHidden();
});

test("a preset fills the form in, and the search finds it", async ({ page }) => {
  await open(page, { "POST /api/connections": { status: 201, json: shop } });
  await page.getByRole("button", { name: "New connection" }).click();
  await page.getByRole("textbox", { name: "Search types" }).fill("nothing of the sort");
  await expect(page.getByText("No type is called so.")).toBeVisible();
  await page.getByRole("textbox", { name: "Search types" }).fill("token sessions");
  await page.getByRole("button", { name: "Service API" }).click();
  await expect(page.getByText("The service token")).toBeVisible();
  await page.getByRole("textbox", { name: "Name" }).fill("plant");
  await page.getByRole("textbox", { name: "Host" }).fill("https://plant.example.com");
  await lookAtBoth(page, "connection-preset");
  const sent = page.waitForRequest(
    (request) => request.method() === "POST" && request.url().endsWith("/api/connections"),
  );
  await page.getByRole("button", { name: "Save" }).click();
  expect((await sent).postDataJSON()).toMatchObject({
    type: "http",
    host: "https://plant.example.com",
    options: { auth: "service", max_concurrency: 1 },
  });
});

test("a new secret is tried before it takes the place of the old one", async ({ page }) => {
  let good = false;
  await open(page, { "PUT /api/connections/shop": { json: shop } });
  await page.route("**/api/test-connection", (route) =>
    route.fulfill({
      json: good
        ? { success: true, message: "It answers", duration_ms: 3 }
        : { success: false, failed: "login", error: "The login was refused.", duration_ms: 3 },
    }),
  );
  await page.getByRole("button", { name: "More for shop" }).click();
  await page.getByRole("menuitem", { name: "New secret…" }).click();
  const secret = page.getByRole("textbox", { name: "New secret" });
  await secret.fill("wrong");
  await page.getByRole("button", { name: "Test and keep" }).click();
  await expect(
    page.getByRole("status").filter({ hasText: "The login was refused." }),
  ).toBeVisible();
  await expect(page.getByRole("button", { name: "Keep it anyway" })).toBeVisible();
  await lookAtBoth(page, "connection-secret");
  good = true;
  await secret.fill("right");
  const sent = page.waitForRequest((request) => request.method() === "PUT");
  await page.getByRole("button", { name: "Test and keep" }).click();
  expect((await sent).postDataJSON()).toEqual({ password: "right" });
  await expect(page.getByRole("dialog")).toBeHidden();
});

test("a change keeps the secret, and says when it is needed again", async ({ page }) => {
  await open(page, {
    "PUT /api/connections/shop": refusal(422, "secret_needed", "The secret is needed again."),
  });
  await expect(page.getByText("db.example.com:5433/shop as reader")).toBeVisible();
  await lookAtBoth(page, "connections");
  await page.getByRole("button", { name: "More for shop" }).click();
  await page.getByRole("menuitem", { name: "Edit…" }).click();
  await expect(page.getByRole("textbox", { name: "Name" })).toBeDisabled();
  await expect(page.getByRole("button", { name: "Test", exact: true })).toBeDisabled();
  await page.getByRole("textbox", { name: "Host" }).fill("elsewhere.example.com");
  const sent = page.waitForRequest((request) => request.method() === "PUT");
  await page.getByRole("button", { name: "Save" }).click();
  const body = (await sent).postDataJSON();
  expect(body).toMatchObject({ host: "elsewhere.example.com", options: { sslmode: "require" } });
  expect(body).not.toHaveProperty("password");
  expect(body).not.toHaveProperty("password_ref");
  await expect(page.getByText("The secret is needed again.")).toBeVisible();
});

test("it is told who uses a connection before it is deleted", async ({ page }) => {
  await open(page, {
    "GET /api/connections/shop/used-by": {
      json: [{ pipeline_id: "p1", pipeline_name: "Orders", node_id: "n", node_name: "Read" }],
    },
    "DELETE /api/connections/shop": { status: 204 },
    "POST /api/connections/shop/test": {
      json: { success: true, message: "PostgreSQL 17 answered", duration_ms: 9 },
    },
  });
  await page.getByRole("button", { name: "Test shop" }).click();
  await expect(page.getByText("PostgreSQL 17 answered")).toBeVisible();
  await page.getByRole("button", { name: "More for shop" }).click();
  await page.getByRole("menuitem", { name: "Delete…" }).click();
  await expect(page.getByRole("link", { name: "Orders" })).toBeVisible();
  await lookAtBoth(page, "connection-delete");
  const gone = page.waitForRequest((request) => request.method() === "DELETE");
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await gone;
});

test("whoever may only look sees no way to change", async ({ page }) => {
  await open(page, { "GET /api/auth/me/permissions": { json: ["connections.view"] } });
  for (const name of ["New connection", "Test shop"]) {
    await expect(page.getByRole("button", { name })).toHaveCount(0);
  }
  await page.getByRole("button", { name: "More for shop" }).click();
  await expect(page.getByRole("menuitem")).toHaveText(["Used by…"]);
});
