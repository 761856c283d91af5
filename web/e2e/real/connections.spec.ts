import { writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { type APIRequestContext, expect, type Page, test } from "@playwright/test";

const account = { username: "ada", password: "correct-horse-battery-staple" };

/** The first day made the first account, unless this file runs alone. */
test.beforeAll(async ({ request }) => {
  const setup = await (await request.get("/api/auth/setup")).json();
  if (!setup.needs_setup) return;
  const made = await request.post("/api/auth/users", { data: { ...account, role: "superadmin" } });
  expect(made.status()).toBe(201);
});

async function signIn(page: Page, request: APIRequestContext): Promise<void> {
  const signedIn = await request.post("/api/auth/login", { data: account });
  expect(signedIn.ok()).toBe(true);
  await page.context().addCookies((await request.storageState()).cookies);
}

test("a connection is made, its test says what is wrong, and it is mended", async ({
  page,
  request,
}) => {
  // A file without content is a database without tables.
  writeFileSync(join(process.env.BROKED_E2E_DATA ?? "", "shop.db"), "");
  await signIn(page, request);
  await page.goto("/connections");
  await page.getByRole("button", { name: "New connection" }).click();
  await page.getByRole("button", { name: "SQLite" }).click();
  await page.getByRole("textbox", { name: "Name" }).fill("shop");
  await page.getByRole("textbox", { name: "File" }).fill("nowhere.db");
  await page.getByRole("button", { name: "Test" }).click();
  await expect(page.getByRole("status").filter({ hasText: "It cannot be used" })).toBeVisible();
  await page.getByRole("textbox", { name: "File" }).fill("shop.db");
  await page.getByRole("button", { name: "Test" }).click();
  await expect(page.getByRole("status").filter({ hasText: /In \d+ ms/ })).toBeVisible();
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("cell", { name: "shop.db" })).toBeVisible();
  await page.getByRole("button", { name: "More for shop" }).click();
  await page.getByRole("menuitem", { name: "Delete…" }).click();
  await expect(page.getByText("No pipeline uses it.")).toBeVisible();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await expect(page.getByText("No connection yet")).toBeVisible();
});

/** An API that lets in whoever has the token that it wants now. */
function api(): Promise<{ server: Server; want: (token: string) => void }> {
  let wanted = "first";
  const server = createServer((asked, answer) => {
    const known = asked.headers.authorization === `Bearer ${wanted}`;
    answer.writeHead(known ? 200 : 401, { "Content-Type": "application/json" });
    answer.end(known ? '[{"city": "Oslo"}, {"city": "Bergen"}]' : "{}");
  });
  const want = (token: string) => {
    wanted = token;
  };
  return new Promise((resolve) => {
    server.listen(Number(process.env.BROKED_E2E_API_PORT), "127.0.0.1", () =>
      resolve({ server, want }),
    );
  });
}

const reading = `name: Cities of an API
ir_version: "2.2"
nodes:
  - {id: cities, type: source_api, name: Cities, config: {conn_id: cities, url: /rows}}
  - {id: out, type: sink_file, name: Out, config: {path: cities.csv}}
edges:
  - {from: cities, to: out}
`;

test("an API is reached by a connection, and its secret is replaced when it no longer works", async ({
  page,
  request,
}) => {
  const { server, want } = await api();
  await signIn(page, request);
  await page.goto("/connections");
  await page.getByRole("button", { name: "New connection" }).click();
  await page.getByRole("textbox", { name: "Search types" }).fill("rest");
  await page.getByRole("button", { name: "HTTP / REST API" }).click();
  await page.getByRole("textbox", { name: "Name" }).fill("cities");
  await page
    .getByRole("textbox", { name: "Host" })
    .fill(`http://127.0.0.1:${process.env.BROKED_E2E_API_PORT}`);
  await page.getByLabel("Sign in by").selectOption("bearer");
  const told = page.getByRole("dialog").getByRole("status");
  const password = page.getByRole("textbox", { name: "Password", exact: true });
  await password.fill("not the token");
  await page.getByRole("button", { name: "Test", exact: true }).click();
  await expect(told).toContainText("answered 401 Unauthorized: it does not accept who is calling");
  await password.fill("first");
  await page.getByRole("button", { name: "Test", exact: true }).click();
  await expect(told).toContainText("127.0.0.1 answered 200 OK");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("cell", { name: "Kept here, sealed" })).toBeVisible();

  const made = await request.post("/api/pipelines/import", {
    headers: { "Content-Type": "application/x-yaml" },
    data: reading,
  });
  expect(made.status(), await made.text()).toBe(201);
  const { id } = await made.json();
  const run = async (): Promise<string> => {
    const { run_id } = await (await request.post(`/api/pipelines/${id}/run`)).json();
    let status = "";
    await expect(async () => {
      ({ status } = await (await request.get(`/api/runs/${run_id}`)).json());
      expect(["success", "failed"]).toContain(status);
    }).toPass({ timeout: 40_000 });
    return status;
  };
  expect(await run()).toBe("success");

  want("second");
  expect(await run()).toBe("failed");
  await page.getByRole("button", { name: "More for cities" }).click();
  await page.getByRole("menuitem", { name: "New secret…" }).click();
  const secret = page.getByRole("textbox", { name: "New secret" });
  await secret.fill("another wrong one");
  await page.getByRole("button", { name: "Test and keep" }).click();
  await expect(page.getByRole("button", { name: "Keep it anyway" })).toBeVisible();
  await secret.fill("second");
  await page.getByRole("button", { name: "Test and keep" }).click();
  await expect(page.getByText("cities has the new secret.")).toBeVisible();
  expect(await run()).toBe("success");

  await page.getByRole("button", { name: "More for cities" }).click();
  await page.getByRole("menuitem", { name: "Used by…" }).click();
  await expect(page.getByRole("dialog").getByRole("link")).toHaveText("Cities of an API");
  server.close();
});
