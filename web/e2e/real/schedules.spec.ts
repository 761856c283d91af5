import { expect, test } from "@playwright/test";

const account = { username: "ada", password: "correct-horse-battery-staple" };

/** The first day made the first account, unless this file runs alone. */
test.beforeAll(async ({ request }) => {
  const setup = await (await request.get("/api/auth/setup")).json();
  if (!setup.needs_setup) return;
  const made = await request.post("/api/auth/users", { data: { ...account, role: "superadmin" } });
  expect(made.status()).toBe(201);
});

const document = {
  name: "Early in Tokyo",
  description: "",
  nodes: [
    {
      id: "read",
      type: "source_file",
      name: "Read",
      config: { path: "examples/data/flights.csv" },
      position: { x: 0, y: 0 },
    },
  ],
  edges: [],
  schedules: [{ name: "early", cron: "30 6 * * *", timezone: "Asia/Tokyo" }],
};

test.use({ timezoneId: "America/New_York" });

test("a schedule of another zone is told by its own clock and by that of the reader", async ({
  page,
}) => {
  const signedIn = await page.request.post("/api/auth/login", { data: account });
  expect(signedIn.ok()).toBe(true);
  const made = await page.request.post("/api/pipelines", { data: document });
  expect(made.status()).toBe(201);
  const { id } = await made.json();
  await page.goto(`/pipelines/${id}?tab=settings`);
  const rows = page.getByRole("row").filter({ has: page.locator("time") });
  await expect(rows.first()).toBeVisible();
  for (const row of await rows.all()) {
    // Tokyo has no summer time: 06:30 there is 21:30 of the day before in UTC, in every season.
    await expect(row.locator("time")).toHaveAttribute("datetime", /T21:30:00Z$/);
    await expect(row.getByRole("cell").first()).toContainText(/0?6:30/);
    await expect(row.getByRole("cell").last()).toContainText(/(16|17|4|5):30/);
  }
  expect(await rows.count()).toBeGreaterThan(2);
});
