import { expect, test } from "@playwright/test";
import type { Issue } from "../../src/lib/issue-model";
import { lookAtBoth } from "./check";
import { ago, failing } from "./fixtures";
import { page as listOf, refusal, serve } from "./server";

function issue(part: Partial<Issue>): Issue {
  return { ...failing, ...part };
}

const opened = { type: "opened", at: ago(600), run_id: "r-first" } as const;

const issues = [
  issue({}),
  issue({
    id: "i2",
    kind: "run_stuck",
    severity: "warning",
    state: "acknowledged",
    title: "Weather by month is stuck",
    body: "A run is under way, but has told nothing since 2026-03-01T12:00:00Z.",
    count: 1,
    assignee_id: "u1",
    assignee: "ada",
    read_at: ago(50),
    muted_until: ago(-300),
  }),
  issue({
    id: "i3",
    kind: "disk_low",
    severity: "critical",
    title: "The disk of the data folder is nearly full",
    body: "0.4 of 40.0 GiB are free.",
    count: 1,
  }),
];
const listed = { "GET /api/issues": { json: { ...listOf(issues), total: 2 } } };
const one = {
  ...listed,
  "GET /api/issues/i1": { json: issue({ history: [opened] }) },
  "POST /api/alerts/i1/read": { status: 204 },
};

test("the list tells what is wrong, how bad, how often and who cares", async ({ page }) => {
  await serve(page, listed);
  await page.goto("/");
  await page.getByRole("link", { name: "Issues 2 open" }).click();
  await expect(page.getByRole("row")).toHaveCount(4);
  const stuck = page.getByRole("row", { name: /is stuck/ });
  await expect(stuck).toContainText("Warning");
  await expect(stuck).toContainText("Acknowledged");
  await expect(stuck).toContainText("ada");
  await expect(stuck.getByRole("img", { name: /Muted until/ })).toBeVisible();
  await lookAtBoth(page, "issues");
});

test("filters stand in the URL and are asked of the server", async ({ page }) => {
  await serve(page, listed);
  const first = page.waitForRequest((request) => request.url().includes("state=unresolved"));
  await page.goto("/issues");
  await first;
  const asked = page.waitForRequest((request) => request.url().includes("assignee=me"));
  await page
    .getByRole("radiogroup", { name: "State" })
    .getByText("Resolved", { exact: true })
    .click();
  await expect(page).toHaveURL("/issues?state=resolved");
  await page.getByRole("group", { name: "Kind" }).getByText("Stuck").click();
  await expect(page).toHaveURL("/issues?state=resolved&kind=run_stuck");
  await page.getByText("Mine", { exact: true }).click();
  await expect(page).toHaveURL("/issues?state=resolved&kind=run_stuck&mine=true");
  const { searchParams } = new URL((await asked).url());
  expect(searchParams.get("state")).toBe("resolved");
  expect(searchParams.get("kind")).toBe("run_stuck");
  await serve(page, { "GET /api/issues": { json: { ...listOf([]), total: 0 } } });
  await page.getByRole("radiogroup", { name: "State" }).getByText("All", { exact: true }).click();
  await expect(page.getByText("No issue fits")).toBeVisible();
  await page.getByRole("button", { name: "Show unresolved ones" }).click();
  await expect(page).toHaveURL("/issues");
  await page.reload();
  await expect(page.getByText("Nothing needs you")).toBeVisible();
  await lookAtBoth(page, "issues-empty");
});

test("an issue leads to its runs and its pipeline, and opening it marks it as read", async ({
  page,
}) => {
  await serve(page, one);
  const read = page.waitForRequest((request) => request.url().endsWith("/api/alerts/i1/read"));
  await page.goto("/issues/i1");
  await read;
  await expect(page.getByText("12 times")).toBeVisible();
  await expect(page.getByText("has no column").first()).toBeVisible();
  await expect(page.getByRole("link", { name: "Newest run" })).toHaveAttribute(
    "href",
    "/runs/r-c?node=read",
  );
  await expect(page.getByRole("link", { name: "First run" })).toBeVisible();
  await expect(page.getByRole("link", { name: "Pipeline", exact: true })).toHaveAttribute(
    "href",
    "/pipelines/p-orders?node=read",
  );
  await lookAtBoth(page, "issue");
});

test("an editor acknowledges, takes, mutes and resolves an issue", async ({ page }) => {
  await serve(page, { ...one, "POST /api/issues/i1/acknowledge": { json: issue({}) } });
  await page.goto("/issues/i1");
  const acknowledged = page.waitForRequest("**/api/issues/i1/acknowledge");
  await page.getByRole("button", { name: "Acknowledge" }).click();
  await acknowledged;
  await serve(page, {
    ...one,
    "GET /api/issues/i1": {
      json: issue({
        state: "acknowledged",
        assignee_id: "u1",
        assignee: "ada",
        muted_until: ago(-60),
        previous_id: "i0",
        read_at: ago(1),
        history: [
          opened,
          { type: "acknowledged", at: ago(9), actor: "ada" },
          { type: "assigned", at: ago(8), actor: "ada", detail: "ada" },
          { type: "muted", at: ago(7), actor: "ada", detail: ago(-60) },
        ],
      }),
    },
  });
  await page.reload();
  await expect(page.getByText("Assigned to ada by ada")).toBeVisible();
  await expect(page.getByRole("button", { name: "Acknowledge" })).toHaveCount(0);
  await expect(page.getByRole("button", { name: "Unmute" })).toBeVisible();
  await expect(page.getByText("The issue that the same cause had before")).toBeVisible();
  await lookAtBoth(page, "issue-cared-for");
  const assigned = page.waitForRequest("**/api/issues/i1/assign");
  await page.getByRole("button", { name: "Assign" }).click();
  await page.getByRole("menuitem", { name: "To nobody" }).click();
  expect((await assigned).postDataJSON()).toEqual({ user_id: null });
  const resolved = page.waitForRequest("**/api/issues/i1/resolve");
  await page.getByRole("button", { name: "Resolve", exact: true }).click();
  await resolved;
});

test("muting names its end, and a refusal is told", async ({ page }) => {
  await serve(page, {
    ...one,
    "POST /api/issues/i1/mute": refusal(409, "issue_resolved", "the issue is resolved already"),
  });
  await page.goto("/issues/i1");
  const muted = page.waitForRequest("**/api/issues/i1/mute");
  await page.getByRole("button", { name: "Mute" }).click();
  await page.getByRole("menuitem", { name: "For 8 hours" }).click();
  const { until } = (await muted).postDataJSON() as { until: string };
  expect(Date.parse(until) - Date.now()).toBeGreaterThan(7 * 3_600_000);
  await expect(page.getByText("the issue is resolved already")).toBeVisible();
});

test("who may only look sees no buttons", async ({ page }) => {
  await serve(page, {
    ...one,
    "GET /api/auth/me/permissions": { json: ["pipelines.view", "runs.view", "issues.view"] },
  });
  await page.goto("/issues/i1");
  await expect(page.getByText("12 times")).toBeVisible();
  await expect(page.getByRole("button", { name: "Resolve" })).toHaveCount(0);
  await expect(page.getByRole("button", { name: "Acknowledge" })).toHaveCount(0);
});

test("loading, failing and missing issues say so", async ({ page }) => {
  await serve(page, { "GET /api/issues": "never" });
  await page.goto("/issues");
  await expect(page.getByRole("status", { name: "Loading" })).toBeVisible();
  await serve(page, { "GET /api/issues": refusal(500, "internal", "The store is away.") });
  await page.reload();
  await expect(page.getByText("req-7f3a91")).toBeVisible();
  await lookAtBoth(page, "issues-error");
  await page.goto("/issues/i9");
  await expect(page.getByText("This does not exist")).toBeVisible();
});

test("long titles and words stay in their place", async ({ page }) => {
  const long = "חשבון-الحساب-".repeat(30);
  const part = { title: long, body: long, assignee: long, code: long };
  await serve(page, {
    "GET /api/issues": { json: { ...listOf([issue(part)]), total: 1 } },
    "GET /api/issues/i1": {
      json: issue({ ...part, history: [{ type: "assigned", at: ago(3), detail: long }] }),
    },
  });
  for (const address of ["/issues", "/issues/i1"]) {
    await page.goto(address);
    await expect(page.getByText(long).first()).toBeVisible();
    const overflow = await page.evaluate(
      () => document.documentElement.scrollWidth - window.innerWidth,
    );
    expect(overflow).toBeLessThanOrEqual(0);
  }
  await lookAtBoth(page, "issue-long");
});
