import { expect, type Page, test } from "@playwright/test";
import { lookAtBoth } from "./check";
import { flights } from "./fixtures";
import { serve } from "./server";
import { shown } from "./trials";

const text = `version: "1"
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

const usual = {
  "GET /api/pipelines/p-flights/export": { text },
  "POST /api/pipelines/validate": { json: { valid: true, errors: [], problems: [], warnings: [] } },
  "POST /api/pipelines/p-flights/dry-run": { json: shown },
};

const edit = async (page: Page) => {
  await page.goto("/pipelines/p-flights/edit");
  await expect(page.getByRole("group", { name: "Group Cleaning" })).toBeVisible();
};

const yaml = (page: Page) => page.locator(".cm-content");

test("notes and groups get other colours, and groups other names", async ({ page }) => {
  await serve(page, usual);
  await edit(page);
  await page.getByRole("group", { name: /^Note/ }).click();
  const note = page.getByRole("region", { name: "Note" });
  await expect(note.getByRole("radio", { name: "yellow" })).toBeChecked();
  await note.getByRole("radio", { name: "yellow" }).focus();
  await page.keyboard.press("ArrowRight");
  await expect(page.locator('[data-colour="blue"]').first()).toBeVisible();
  await lookAtBoth(page, "editor-note");
  await page.getByRole("button", { name: "Cleaning" }).click();
  const group = page.getByRole("region", { name: "Group", exact: true });
  await group.getByTitle("green").click();
  await group.getByLabel("Name of the group").fill("Only the late ones");
  await expect(page.getByRole("group", { name: "Group Only the late ones" })).toBeVisible();
  await lookAtBoth(page, "editor-group");
  await page.getByText("YAML", { exact: true }).click();
  await expect(yaml(page)).toContainText("color: blue");
  await expect(yaml(page)).toContainText("name: Only the late ones");
  await expect(yaml(page)).toContainText("color: green");
});

test("a node that is put into a frame is of the group, and one that is taken out is not", async ({
  page,
}) => {
  await serve(page, usual);
  await edit(page);
  const frame = page.getByRole("group", { name: "Group Cleaning" });
  const drag = async (name: RegExp, by: (at: { x: number; y: number }) => [number, number]) => {
    const card = page.getByRole("group", { name });
    const box = await card.boundingBox();
    const inside = await frame.boundingBox();
    if (!box || !inside) throw new Error("not drawn");
    await card.hover();
    await page.mouse.down();
    await page.mouse.move(...by(inside), { steps: 8 });
    await page.mouse.up();
  };
  const groups = async () => (await yaml(page).textContent())?.match(/id: clean.*/)?.[0];
  await drag(/^Late ones only/, ({ x, y }) => [x + 40, y - 160]);
  await drag(/^Read carriers/, ({ x, y }) => [x + 90, y + 40]);
  await expect(page.getByText("Not saved")).toBeVisible();
  await lookAtBoth(page, "editor-frame");
  await page.getByText("YAML", { exact: true }).click();
  expect(await groups()).toContain("nodes: [named, carriers]");
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByRole("button", { name: "Undo" }).click();
  await expect.poll(groups).toContain("nodes: [late, named]");
});

test("the id of a node is changed wherever it is spoken of", async ({ page }) => {
  await serve(page, usual);
  await edit(page);
  await page.getByRole("group", { name: /^Late ones only/ }).dblclick();
  await page.getByRole("button", { name: "Change the id late" }).click();
  const field = page.getByLabel("Id of the node");
  await field.fill("sums");
  await expect(page.getByText("Another one is called that.")).toBeVisible();
  await field.fill("too late");
  await expect(page.getByText("Letters, digits and . _ - only.")).toBeVisible();
  await field.fill("too-late");
  await field.press("Enter");
  await expect(page.getByRole("button", { name: "Change the id too-late" })).toBeVisible();
  await expect(page).toHaveURL(/node=too-late/);
  await expect(page.locator(".react-flow__edge")).toHaveCount(flights.edges.length);
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(page.locator('.react-flow__node[data-id="late"]')).toBeVisible();
});

test("a box chooses nodes, which are aligned, grouped and deleted", async ({ page }) => {
  await serve(page, usual);
  await edit(page);
  const cards = page.locator(".react-flow__node-card");
  const box = await page.locator(".react-flow").boundingBox();
  if (!box) throw new Error("there is no canvas");
  await page.keyboard.down("Shift");
  await page.mouse.move(box.x + 4, box.y + 4);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width - 10, box.y + box.height - 10, { steps: 8 });
  await page.mouse.up();
  await page.keyboard.up("Shift");
  await expect(page.locator(".react-flow__node-card.selected")).toHaveCount(flights.nodes.length);
  await page.getByRole("button", { name: "Arrange and more" }).click();
  await page.getByRole("menuitem", { name: "Align top edges" }).click();
  const tops = await cards.evaluateAll((all) => [
    ...new Set(all.map((one) => Math.round(one.getBoundingClientRect().top))),
  ]);
  expect(tops).toHaveLength(1);
  await page.getByRole("button", { name: "Arrange and more" }).click();
  await page.getByRole("menuitem", { name: /^Group/ }).click();
  await expect(page.getByRole("group", { name: "Group Group" })).toBeVisible();
  await expect(page.getByRole("group", { name: "Group Cleaning" })).toHaveCount(0);
});

test("who deletes by keyboard stays on the canvas, where something is gone", async ({ page }) => {
  await serve(page, usual);
  await edit(page);
  await page.getByRole("group", { name: /^Delay per carrier/ }).click();
  await page.keyboard.press("Delete");
  const next = page.getByRole("group", { name: /^Add the carrier/ });
  await expect(next).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("region", { name: /^Node Add the carrier/ })).toBeVisible();
});

test("what is copied of one pipeline is pasted into another", async ({ page, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await serve(page, {
    ...usual,
    "GET /api/pipelines/p-flights/export": { text },
  });
  await edit(page);
  await page.getByRole("group", { name: /^Late ones only/ }).click();
  await page.getByRole("group", { name: /^Add the carrier/ }).click({ modifiers: ["Shift"] });
  await page.keyboard.press("ControlOrMeta+c");
  await page.goto("/pipelines/new");
  await expect(page.getByText("Drag a source from the left")).toBeVisible();
  await page.locator(".react-flow__pane").click({ position: { x: 20, y: 20 } });
  await page.keyboard.press("ControlOrMeta+v");
  await expect(page.locator(".react-flow__node-card")).toHaveCount(2);
  await expect(page.locator(".react-flow__edge")).toHaveCount(1);
});

test("undo goes back behind the first save of a new pipeline", async ({ page }) => {
  const saved = { ...flights, id: "p-new", version: 1, draft: true, nodes: [], edges: [] };
  await serve(page, {
    ...usual,
    "POST /api/pipelines/import": { status: 201, json: saved },
    "GET /api/pipelines/p-new": { json: saved },
    "GET /api/pipelines/p-new/pins": { json: [] },
  });
  await page.goto("/pipelines/new");
  await page.getByRole("button", { name: "File", exact: true }).click();
  await expect(page.locator(".react-flow__node-card")).toHaveCount(1);
  await page.getByRole("button", { name: "Save draft" }).click();
  await expect(page).toHaveURL(/\/pipelines\/p-new\/edit/);
  await expect(page.locator(".react-flow__node-card")).toHaveCount(1);
  await expect(page.getByText("Saved", { exact: true })).toBeVisible();
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(page.locator(".react-flow__node-card")).toHaveCount(0);
  await expect(page.getByText("Not saved", { exact: true })).toBeVisible();
});
