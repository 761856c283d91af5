import { expect, type Page, test } from "@playwright/test";
import { lookAtBoth } from "./check";
import { ago, flights } from "./fixtures";
import { refusal, serve, tell } from "./server";
import { broken, shown } from "./trials";

const text = `# Looked after by Ada.
version: "1"
name: Flight delays by carrier
nodes:
${flights.nodes
  .map(
    ({ id, type, name, position = { x: 0, y: 0 } }) =>
      `  - {id: ${id}, type: ${type}, name: ${name}, config: {}, position: {x: ${position.x}, y: ${position.y}}}`,
  )
  .join("\n")}
edges:
${flights.edges.map(({ from, to }) => `  - {from: ${from}, to: ${to}}`).join("\n")}
notes:
  - {id: why, text: Ask Ada before you change the threshold., position: {x: 0, y: -150}, color: yellow}
groups:
  - {id: clean, name: Cleaning, nodes: [late, named]}
`;

const problems = [
  { path: "nodes[2].config.expression", message: "is missing" },
  { path: "nodes[0]", message: "is joined to nothing" },
];

const usual = {
  "GET /api/pipelines/p-flights/export": { text },
  "POST /api/pipelines/validate": { json: { valid: true, errors: [], problems: [], warnings: [] } },
  "POST /api/pipelines/p-flights/dry-run": { json: shown },
};

const open = (page: Page, name: RegExp) => page.getByRole("group", { name }).dblclick();

test("a node has its input, its settings and its output side by side", async ({ page }) => {
  await serve(page, usual);
  await page.goto("/pipelines/p-flights/edit");
  await expect(page.getByRole("group", { name: "Group Cleaning" })).toBeVisible();
  await lookAtBoth(page, "editor");
  await open(page, /^Late ones only/);
  await page.getByRole("button", { name: "Run to here" }).click();
  await expect(
    page.getByRole("region", { name: "Output" }).getByText("22 rows").first(),
  ).toBeVisible();
  await expect(
    page.getByRole("region", { name: "Input" }).getByText("100 rows").first(),
  ).toBeVisible();
  await lookAtBoth(page, "editor-node");
});

test("problems are listed, marked, and lead to their place", async ({ page }) => {
  await serve(page, {
    ...usual,
    "POST /api/pipelines/validate": { json: { valid: false, errors: [], problems, warnings: [] } },
    "POST /api/pipelines/p-flights/dry-run": { json: broken },
  });
  await page.goto("/pipelines/p-flights/edit?view=both");
  await page.getByRole("button", { name: "2 problems" }).click();
  await expect(page.locator(".cm-lint-marker-error")).toHaveCount(2);
  await lookAtBoth(page, "editor-problems");
  await page.getByRole("button", { name: /expression is missing/ }).click();
  await expect(page.getByRole("region", { name: /^Node/ })).toBeVisible();
  await expect(page.getByRole("region", { name: "Settings", exact: true })).toContainText(
    /is missing/i,
  );
});

test("keys are shown, and nodes are found by a few letters", async ({ page }) => {
  await serve(page, usual);
  await page.goto("/pipelines/p-flights/edit");
  await expect(page.getByRole("group", { name: /^Late ones only/ })).toBeVisible();
  await page.keyboard.press("?");
  await lookAtBoth(page, "editor-keys");
  await page.keyboard.press("Escape");
  await page.keyboard.press("/");
  await expect(page.getByRole("listbox", { name: "Add a node" })).toBeVisible();
  await lookAtBoth(page, "editor-add");
});

test("what was not saved is kept and offered back", async ({ page }) => {
  await serve(page, usual);
  await page.goto("/pipelines/p-flights/edit");
  await page.getByLabel("Name of the pipeline").fill("Delays, renamed");
  await expect(page.getByText("Not saved")).toBeVisible();
  await page.reload();
  await page.getByRole("button", { name: "Take them up again" }).click();
  await expect(page.getByLabel("Name of the pipeline")).toHaveValue("Delays, renamed");
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(page.getByLabel("Name of the pipeline")).toHaveValue("Flight delays by carrier");
});

test("a save that comes too late shows both versions", async ({ page }) => {
  await serve(page, {
    ...usual,
    "PUT /api/pipelines/p-flights": refusal(412, "version_conflict", "It was changed meanwhile."),
  });
  await page.goto("/pipelines/p-flights/edit");
  await page.getByLabel("Name of the pipeline").fill("Mine");
  await page.route("**/export", (route) => route.fulfill({ body: text.replace("Ada", "Bob") }));
  await page.keyboard.press("ControlOrMeta+s");
  const result = page.getByRole("dialog").getByLabel("What will be saved");
  await expect(result).toContainText("Mine");
  await expect(result).toContainText("# Looked after by Bob.");
  await lookAtBoth(page, "editor-merge");
});

test("a save by somebody else is told in the editor, and what is not saved stays", async ({
  page,
}) => {
  await serve(page, usual);
  await page.goto("/pipelines/p-flights/edit");
  await page.getByLabel("Name of the pipeline").fill("Mine");
  const told = page.getByText("Somebody else has saved this pipeline meanwhile.");
  await expect(told).toBeHidden();
  await serve(page, {
    ...usual,
    "GET /api/pipelines/p-flights": { json: { ...flights, version: flights.version + 1 } },
  });
  await tell(page, "/api/events", { type: "pipelines.changed" });
  await expect(told).toBeVisible();
  await expect(page.getByLabel("Name of the pipeline")).toHaveValue("Mine");
});

test("rows are pinned to nodes that are not saved, and go with a node that is renamed", async ({
  page,
}) => {
  const pin = { node_id: "late", pinned_by: "ada", pinned_at: ago(5), rows: [{ a: 1 }] };
  await serve(page, {
    ...usual,
    "GET /api/pipelines/p-flights/pins": { json: [pin] },
    "PUT /api/pipelines/p-flights": { json: { ...flights, version: flights.version + 1 } },
    "PUT /api/pipelines/p-flights/pins/late-2": { json: { ...pin, node_id: "late-2" } },
  });
  await page.goto("/pipelines/p-flights/edit");
  await page.getByRole("group", { name: /^Late ones only/ }).click();
  await page.keyboard.press("ControlOrMeta+d");
  await page.route("**/dry-run", (route) => {
    const { document } = route.request().postDataJSON();
    const [first] = Object.values(shown.results);
    const results = document.nodes.map(({ id }: { id: string }) => [id, { ...first, node_id: id }]);
    return route.fulfill({ json: { ...shown, results: Object.fromEntries(results) } });
  });
  const output = page.getByRole("region", { name: "Output" });
  // By a click and a key: the second click of two would find a canvas that has moved.
  const openNode = async (id: string) => {
    await page.locator(`.react-flow__node[data-id="${id}"]`).click();
    await page.keyboard.press("Enter");
  };
  await openNode("late-2");
  await page.getByRole("button", { name: "Run to here" }).click();
  await output.getByRole("button", { name: "Pin these rows" }).click();
  await expect(output.getByText("pinned here until the node is saved")).toBeVisible();
  await expect(output.getByRole("button", { name: "Edit pinned rows" })).toBeVisible();

  await openNode("late");
  await expect(output.getByText("1 row pinned by ada")).toBeVisible();
  await page.getByRole("button", { name: "Run to here" }).click();
  await expect(output.getByText("Success")).toBeVisible();
  await page.getByRole("button", { name: "Change the id late" }).click();
  await page.getByLabel("Id of the node").fill("delayed");
  await page.keyboard.press("Enter");
  await expect(output.getByText("1 row pinned by ada")).toBeVisible();
  await expect(output.getByText("Success")).toBeVisible();
  const tried = page.waitForRequest("**/dry-run");
  await page.getByRole("button", { name: "Run to here" }).click();
  expect(Object.keys((await tried).postDataJSON().pins)).toEqual(["delayed"]);

  const saved = page.waitForRequest((r) => r.method() === "PUT" && !r.url().includes("/pins/"));
  const pinned = page.waitForRequest("**/pins/late-2");
  await page.keyboard.press("ControlOrMeta+s");
  expect(new URL((await saved).url()).searchParams.getAll("renamed")).toEqual(["late:delayed"]);
  expect((await pinned).postDataJSON().rows.length).toBeGreaterThan(0);
});

test("nodes are copied as YAML, pasted, and deleted by keys", async ({ page }) => {
  await serve(page, usual);
  await page.goto("/pipelines/p-flights/edit");
  const cards = page.locator(".react-flow__node-card");
  const before = flights.nodes.length;
  await expect(cards).toHaveCount(before);
  await page.getByRole("group", { name: /^Late ones only/ }).click();
  await page.keyboard.press("ControlOrMeta+d");
  await expect(cards).toHaveCount(before + 1);
  await page.keyboard.press("Delete");
  await expect(cards).toHaveCount(before);
  await page.keyboard.press("ControlOrMeta+z");
  await expect(cards).toHaveCount(before + 1);
});

test("who may only look is told so", async ({ page }) => {
  await serve(page, { ...usual, "GET /api/auth/me/permissions": { json: ["pipelines.view"] } });
  await page.goto("/pipelines/p-flights/edit");
  await expect(page.getByText("You may look at pipelines, not change them")).toBeVisible();
  await page.goto("/pipelines/new");
  await expect(page.getByText("You may look at pipelines, not change them")).toBeVisible();
});
