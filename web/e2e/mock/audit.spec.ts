import { expect, test } from "@playwright/test";
import type { AuditEntry } from "../../src/lib/accounts";
import { lookAtBoth } from "./check";
import { ago } from "./fixtures";
import { page as listOf, refusal, serve } from "./server";

function entry(part: Partial<AuditEntry>): AuditEntry {
  return {
    seq: 412,
    at: ago(4),
    event: "service_created",
    actor: "ada",
    actor_kind: "user",
    address: "127.0.0.1",
    agent: "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
    request_id: "req-81aa02",
    target: "0197a6e0-1111-7000-8000-00000000cafe",
    outcome: "success",
    details: { service_name: "nightly-loader", permissions: ["runs.view", "pipelines.run"] },
    hash: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    ...part,
  };
}

const entries = [
  entry({}),
  entry({ seq: 411, event: "run_started", actor: "nightly-loader", actor_kind: "key" }),
  entry({
    seq: 410,
    event: "authn_login_fail",
    actor: "",
    actor_kind: "anonymous",
    target: "ada",
    outcome: "failure",
    details: {},
  }),
  entry({ seq: 409, event: "user_created", actor: "", actor_kind: "host", address: "", agent: "" }),
];
const listed = { "GET /api/audit": { json: listOf(entries) } };

test("the log says who did what, and an entry shows all it keeps", async ({ page }) => {
  await serve(page, listed);
  await page.goto("/");
  await page.getByRole("link", { name: "Audit log" }).click();
  await expect(page.getByRole("row")).toHaveCount(5);
  await lookAtBoth(page, "audit");
  await page.getByRole("link", { name: "Service created" }).click();
  await expect(page).toHaveURL("/admin/audit?entry=412");
  await expect(page.getByRole("dialog")).toContainText("Firefox 145 on Linux");
  await expect(page.getByLabel("Details")).toContainText("nightly-loader");
  await lookAtBoth(page, "audit-entry");
  await page.getByRole("link", { name: "All of this actor" }).click();
  await expect(page).toHaveURL("/admin/audit?actor=ada");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await expect(page.getByLabel("Actor")).toHaveValue("ada");
});

test("filters stand in the URL and are asked of the server", async ({ page }) => {
  await serve(page, listed);
  await page.goto("/admin/audit?since=2026-03-01T12:00:00.000Z");
  await expect(page.getByLabel("Since")).toHaveValue(/^2026-03-0/);
  await page.getByLabel("Event").fill("user_created");
  const asked = page.waitForRequest((request) => request.url().includes("event=user_created"));
  await page.getByRole("button", { name: "Filter" }).click();
  expect(new URL((await asked).url()).searchParams.get("since")).toBe("2026-03-01T12:00:00.000Z");
  await expect(page).toHaveURL(/event=user_created/);
  await serve(page, { "GET /api/audit": { json: listOf([]) } });
  await page.getByLabel("Actor").fill("nobody");
  await page.getByRole("button", { name: "Filter" }).click();
  await expect(page.getByText("Nothing in the log fits")).toBeVisible();
  await lookAtBoth(page, "audit-no-fit");
  await page.getByRole("button", { name: "Show all" }).first().click();
  await expect(page).toHaveURL("/admin/audit");
  await expect(page.getByText("Nothing was logged yet")).toBeVisible();
});

test("a long log is walked stretch by stretch with its filters kept", async ({ page }) => {
  await serve(page, {
    "GET /api/audit": { json: { items: entries, has_next: true, cursor: "409", limit: 50 } },
  });
  await page.goto("/admin/audit?actor=ada");
  await page.getByRole("button", { name: "Older" }).click();
  await expect(page).toHaveURL(/actor=ada&after=%22?409/);
  await page.getByRole("button", { name: "Newest" }).click();
  await expect(page).toHaveURL("/admin/audit?actor=ada");
});

test("the chain is verified, and a break is told with its place", async ({ page }) => {
  await serve(page, { ...listed, "GET /api/audit/verify": { json: { ok: true, checked: 1412 } } });
  await page.goto("/admin/audit");
  await page.getByRole("button", { name: "Verify the chain" }).click();
  await expect(page.getByText("The chain is whole")).toBeVisible();
  await expect(page.getByText("1,412 entries checked")).toBeVisible();
  await serve(page, {
    ...listed,
    "GET /api/audit/verify": { json: { ok: false, checked: 57, broken_at: 57 } },
  });
  await page.getByRole("button", { name: "Verify the chain" }).click();
  await expect(page.getByText("The chain is broken at entry 57")).toBeVisible();
  await lookAtBoth(page, "audit-broken");
});

test("loading, failing and denied logs say so", async ({ page }) => {
  await serve(page, { "GET /api/audit": "never" });
  await page.goto("/admin/audit");
  await expect(page.getByRole("status", { name: "Loading" })).toBeVisible();
  await serve(page, { "GET /api/audit": refusal(500, "internal", "The store is away.") });
  await page.reload();
  await expect(page.getByText("req-7f3a91")).toBeVisible();
  await serve(page, {
    "GET /api/audit": refusal(403, "forbidden", "This needs audit.view."),
    "GET /api/auth/me/permissions": { json: ["pipelines.view"] },
  });
  await page.reload();
  await expect(page.getByText("Ask an administrator")).toBeVisible();
  await expect(page.getByRole("button", { name: "Verify the chain" })).toHaveCount(0);
  await lookAtBoth(page, "audit-denied");
});

test("long names and details stay in their place", async ({ page }) => {
  const long = "חשבון-الحساب-".repeat(20);
  await serve(page, {
    "GET /api/audit": {
      json: listOf([entry({ actor: long, target: long, address: long, details: { name: long } })]),
    },
  });
  await page.goto("/admin/audit?entry=412");
  await expect(page.getByRole("dialog")).toBeVisible();
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - window.innerWidth,
  );
  expect(overflow).toBeLessThanOrEqual(0);
  await lookAtBoth(page, "audit-long");
});
