import { expect, test } from "@playwright/test";
import { lookAtBoth } from "./check";
import { ago } from "./fixtures";
import { refusal, serve } from "./server";

const machine = {
  Node: "etl-1.example.internal",
  Kind: "server",
  Labels: ["gpu"],
  SeenAt: new Date(Date.now() - 4000).toISOString(),
  Platform: "linux/amd64",
  State: "online",
  Version: "0.1.0",
  StartedAt: ago(3_000),
  CPUs: 8,
  Load: 1.375,
  MemoryTotal: 16_400_000_000,
  MemoryFree: 9_100_000_000,
  ActiveRuns: 1,
  MaxRuns: 4,
};

const sandbox = {
  level: "partial",
  parts: [
    { name: "landlock", holds: true, detail: "Landlock 6: files, TCP and signals are shut off" },
    {
      name: "namespaces",
      holds: false,
      detail: "a script gets no namespaces of its own (operation not permitted)",
      remedy: "let the server's account make user namespaces",
    },
    { name: "limits", holds: true, detail: "memory, processor time and file sizes are bounded" },
  ],
};

const info = {
  version: "0.1.0",
  database: "SQLite 3.51",
  active_runs: 1,
  max_concurrent_runs: 4,
  sandbox,
  storage: {
    free_bytes: 200_000_000,
    reserve_bytes: 268_435_456,
    full: true,
    rows_bytes: 5_300_000_000,
    runs_with_rows: 412,
    run_retention_days: 90,
    keep_runs: 20,
    row_retention_days: 14,
    max_rows_bytes: 0,
    artifacts: { place: "s3://broked/rows at minio:9000", bytes: 7_000_000, runs_with_rows: 3 },
  },
};

const plugins = [
  {
    name: "numbers",
    version: "1.0.0",
    description: "Whole numbers, which go on where the last run has ended.",
    author: "",
    homepage: "",
    network: false,
    node_types: [
      { type: "source_numbers", kind: "source", display_name: "Numbers" },
      { type: "times", kind: "transform" },
    ],
  },
];

const allowed = { json: ["pipelines.view", "system.view"] };

test("the system page tells of the server, its machines and what shuts scripts in", async ({
  page,
}) => {
  const silent = { Node: "etl-2", Result: "it did not answer in time" };
  await serve(page, {
    "GET /api/auth/me/permissions": allowed,
    "GET /api/system/info": { json: info },
    "GET /api/request": { json: { Result: [machine], Errors: [silent] } },
    "GET /api/plugins": { json: plugins },
  });
  await page.goto("/");
  await page.getByRole("link", { name: "System" }).click();
  await expect(page).toHaveURL("/admin/system");
  await expect(page.getByText("1 of 4 slots in use")).toBeVisible();
  await expect(page.getByRole("cell", { name: "1.38 on 8 cores" })).toBeVisible();
  await expect(page.getByText("etl-2 did not answer")).toBeVisible();
  await expect(page.getByText("Partial", { exact: true })).toBeVisible();
  await expect(page.getByText("let the server's account make user namespaces")).toBeVisible();
  await expect(page.getByText("90 days, and the newest 20 of each pipeline")).toBeVisible();
  await expect(page.getByText("of 3 runs in s3://broked/rows at minio:9000")).toBeVisible();
  await expect(page.getByRole("cell", { name: "Numbers, times" })).toBeVisible();
  await expect(page.getByText("No run starts")).toBeVisible();
  await lookAtBoth(page, "system");
});

test("the system page says what went wrong", async ({ page }) => {
  await serve(page, {
    "GET /api/auth/me/permissions": allowed,
    "GET /api/request": refusal(403, "forbidden", "You may not see the machines."),
  });
  await page.goto("/admin/system");
  await expect(page.getByText("You may not see the machines.")).toBeVisible();
  await expect(page.getByText("0.1.0", { exact: true })).toBeVisible();
  await lookAtBoth(page, "system-denied");
});

test("the system page is found by whoever may see it", async ({ page }) => {
  await serve(page, { "GET /api/auth/me/permissions": allowed });
  await page.goto("/");
  await page.getByRole("button", { name: "Search pages and pipelines" }).click();
  await page.getByPlaceholder("Where to?").fill("system");
  await expect(page.getByRole("button", { name: "System" })).toBeVisible();
  await serve(page);
  await page.reload();
  await expect(page.getByRole("link", { name: "Audit log" })).toBeVisible();
  await expect(page.getByRole("link", { name: "System" })).toHaveCount(0);
});

test("pools are made and changed on the system page", async ({ page }) => {
  const pool = { name: "warehouse", slots: 2, description: "Few connections", used: 2, pending: 1 };
  await serve(page, {
    "GET /api/auth/me/permissions": { json: ["pipelines.view", "system.view", "settings.edit"] },
    "GET /api/system/info": { json: info },
    "GET /api/request": { json: { Result: [machine], Errors: [] } },
    "GET /api/pools": { json: [pool] },
    "PUT /api/pools/warehouse": { json: { ...pool, slots: 3 } },
    "POST /api/pools": refusal(409, "pool_exists", 'there is a pool "crm" already'),
  });
  await page.goto("/admin/system");
  await expect(page.getByRole("cell", { name: "2 of 2" })).toBeVisible();
  await page.getByRole("button", { name: "Change the pool warehouse" }).click();
  await page.getByLabel("Slots").fill("3");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("dialog")).toBeHidden();
  await page.getByRole("button", { name: "Make a pool" }).click();
  await page.getByLabel("Name").fill("crm");
  await page.getByRole("button", { name: "Make the pool" }).click();
  await expect(page.getByText('there is a pool "crm" already')).toBeVisible();
});
