import { expect, test } from "@playwright/test";
import { lookAtBoth } from "./check";
import { refusal, serve } from "./server";

const asset = (type: string, id: string, name: string) => ({ id: `${type}:${id}`, type, name });
const flow = (from: string, to: string, pipeline: string) => ({
  from,
  to,
  pipeline_id: `p-${pipeline.toLowerCase()}`,
  pipeline,
});
const step = (pipeline: string, node: string, name: string, kind: string) => ({
  id: `proc:p-${pipeline.toLowerCase()}:${node}`,
  type: "processing",
  name,
  sub_type: kind,
  pipeline_id: `p-${pipeline.toLowerCase()}`,
  pipeline,
});

const lineage = {
  nodes: [
    asset("file", "in/flights-2013.csv", "flights-2013.csv"),
    asset("table", "shop.carriers", "shop.carriers"),
    asset("api", "https://api.example.org/v1/weather", "api.example.org/v1/weather"),
    step("Flights", "sums", "Sum by carrier", "aggregate"),
    asset("file", "out/carriers.parquet", "carriers.parquet"),
    step("Report", "late", "Late ones", "filter"),
    asset("table", "late_carriers", "late_carriers"),
    asset("file", "out/مرحبا.csv", "مرحبا.csv"),
  ],
  edges: [
    flow("file:in/flights-2013.csv", "proc:p-flights:sums", "Flights"),
    flow("table:shop.carriers", "proc:p-flights:sums", "Flights"),
    flow("proc:p-flights:sums", "file:out/carriers.parquet", "Flights"),
    flow("file:out/carriers.parquet", "proc:p-report:late", "Report"),
    flow("proc:p-report:late", "table:late_carriers", "Report"),
    flow("api:https://api.example.org/v1/weather", "file:out/مرحبا.csv", "Weather"),
  ],
  truncated: false,
};

test("what a file is made of, and what is made of it", async ({ page }) => {
  await serve(page, { "GET /api/lineage": { json: lineage } });
  await page.goto("/lineage");
  await expect(page.locator(".react-flow__node")).toHaveCount(8);
  await lookAtBoth(page, "lineage");
  await page.getByRole("button", { name: "carriers.parquet file" }).click();
  await expect(page).toHaveURL(/asset=file/);
  const assets = page.getByRole("complementary", { name: "Assets" });
  await expect(assets.getByRole("link", { name: "Flights" })).toBeVisible();
  await expect(assets.getByRole("link", { name: "Report" })).toBeVisible();
  await expect(assets.getByRole("button", { name: "flights-2013.csv file" })).toBeVisible();
  await expect(assets.getByRole("button", { name: "late_carriers table" })).toBeVisible();
  await expect(page.locator(".react-flow__node.faded")).toHaveCount(2);
  await lookAtBoth(page, "lineage-chosen");
  await page.goBack();
  await expect(page.locator(".react-flow__node.faded")).toHaveCount(0);
});

test("assets are found by name", async ({ page }) => {
  await serve(page, { "GET /api/lineage": { json: lineage } });
  await page.goto("/lineage");
  await page.getByLabel("Search assets").fill("late");
  await expect(page.locator(".react-flow__node.faded")).toHaveCount(6);
  await page.getByLabel("Search assets").fill("no such thing");
  await expect(page.getByText("Nothing has that name.")).toBeVisible();
});

test("nothing yet, and no answer", async ({ page }) => {
  await serve(page, { "GET /api/lineage": { json: { nodes: [], edges: [], truncated: false } } });
  await page.goto("/lineage");
  await expect(page.getByText("No pipeline reads or writes anything yet")).toBeVisible();
  await serve(page, { "GET /api/lineage": refusal(403, "permission_denied", "You may not.") });
  await page.goto("/lineage");
  await expect(page.getByText("You may not see this")).toBeVisible();
});
