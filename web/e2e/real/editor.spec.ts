import { type Browser, expect, type Locator, type Page, test } from "@playwright/test";

const account = { username: "ada", password: "correct-horse-battery-staple" };

/** The first day made the first account, unless this file runs alone. */
test.beforeAll(async ({ request }) => {
  const setup = await (await request.get("/api/auth/setup")).json();
  if (!setup.needs_setup) return;
  const made = await request.post("/api/auth/users", { data: { ...account, role: "superadmin" } });
  expect(made.status()).toBe(201);
});

/** A page of a person who is signed in; what its console says ends in `said`. */
async function signedIn(browser: Browser): Promise<{ page: Page; said: string[] }> {
  const context = await browser.newContext({ permissions: ["clipboard-read", "clipboard-write"] });
  const answer = await context.request.post("/api/auth/login", { data: account });
  expect(answer.ok()).toBe(true);
  const page = await context.newPage();
  const said: string[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) said.push(message.text());
  });
  page.on("pageerror", (error) => said.push(String(error)));
  return { page, said };
}

const node = (page: Page, name: string): Locator =>
  page.locator(".react-flow__node-card").filter({ has: page.getByText(name, { exact: true }) });

/** Hovering waits until what is hovered stands still. */
async function drag(page: Page, from: Locator, to: Locator): Promise<void> {
  await from.hover();
  await page.mouse.down();
  await to.hover();
  await to.hover();
  await page.mouse.up();
}

const join = (page: Page, from: string, to: string) =>
  drag(
    page,
    node(page, from).locator(".react-flow__handle.source"),
    node(page, to).locator(".react-flow__handle.target"),
  );

async function onto(page: Page, group: string, kind: string, x: number, y: number): Promise<void> {
  const palette = page.getByRole("region", { name: group, exact: true });
  await palette
    .getByRole("button", { name: kind, exact: true })
    .dragTo(page.locator(".react-flow__pane"), { targetPosition: { x, y } });
}

const settings = (page: Page): Locator =>
  page.getByRole("region", { name: "Settings", exact: true });

/** Sets the path of the open node. */
async function setPath(page: Page, path: string): Promise<void> {
  await settings(page).getByLabel("Path").fill(path);
  await page.keyboard.press("Tab");
}

/** Counts the rows of the open node by a column. */
async function setCount(page: Page, column: string): Promise<void> {
  await settings(page).getByRole("button", { name: "Add to Columns" }).click();
  await page.keyboard.type(column);
  await settings(page).getByRole("button", { name: "Add to Aggregations" }).click();
  await settings(page).getByLabel("Function").selectOption("count");
  await settings(page).getByLabel("Name", { exact: true }).fill("airports");
  await page.keyboard.press("Tab");
}

/** Where the shipped data lies. */
async function shipped(page: Page): Promise<{ airports: string; out: string }> {
  const templates = await (await page.request.get("/api/templates")).json();
  const airports = templates
    .flatMap(({ nodes }: { nodes: { config: { path?: string } }[] }) => nodes)
    .map(({ config }: { config: { path?: string } }) => config.path)
    .find((path: string | undefined) => path?.endsWith("airports.csv"));
  return { airports, out: airports.replace("data/airports.csv", "out/drawn.json") };
}

const closeNode = (page: Page) => page.getByRole("button", { name: "Close the node" }).click();

test("a pipeline is drawn with the mouse, run to here, saved and run", async ({ browser }) => {
  test.setTimeout(120_000);
  const { page, said } = await signedIn(browser);
  const { airports, out } = await shipped(page);
  await page.goto("/pipelines/new");
  await page.getByLabel("Name of the pipeline").fill("Airports drawn");
  await onto(page, "Sources", "File", 140, 60);
  await setPath(page, airports);
  await closeNode(page);
  await onto(page, "Transforms", "Filter", 500, 420);
  await settings(page).getByRole("textbox", { name: "Condition" }).click();
  await page.keyboard.type("country = 'USA'");
  await closeNode(page);
  await join(page, "File", "Filter");
  await onto(page, "Transforms", "Aggregate", 560, 80);
  await setCount(page, "state");
  await closeNode(page);
  await join(page, "Filter", "Aggregate");
  await node(page, "Aggregate").click();
  await page.getByRole("region", { name: "Sinks" }).getByRole("button", { name: "File" }).click();
  await setPath(page, out);
  await expect(page.getByText("No problems")).toBeVisible();

  await node(page, "Aggregate").dblclick();
  await page.getByRole("button", { name: "Run to here" }).click();
  const output = page.getByRole("region", { name: "Output" });
  await expect(output.getByRole("columnheader", { name: /airports/ })).toBeVisible({
    timeout: 40_000,
  });
  await expect(
    page.getByRole("region", { name: "Input" }).getByRole("columnheader", { name: /iata/ }),
  ).toBeVisible();
  await page.screenshot({ path: "e2e/shots/real-editor.png" });

  await page.getByRole("button", { name: "Publish" }).click();
  await expect(page).toHaveURL(/\/pipelines\/[0-9a-f-]+\/edit/);
  await page.getByRole("button", { name: "Run", exact: true }).click();
  await expect(page).toHaveURL(/\/runs\//);
  await expect(page.getByRole("button", { name: "Run again" })).toBeVisible({ timeout: 40_000 });
  await expect(page.locator(".react-flow__node [data-status=success]")).toHaveCount(4);
  expect(said).toEqual([]);
});

/** Makes a pipeline of a text, and opens its editor. */
async function opened(page: Page, text: string, view: string): Promise<string> {
  const made = await page.request.post("/api/pipelines/import", {
    headers: { "Content-Type": "application/x-yaml" },
    data: text,
  });
  expect(made.status()).toBe(201);
  const { id } = await made.json();
  await page.goto(`/pipelines/${id}/edit${view}`);
  return id;
}

const commented = (airports: string, name: string) => `# Looked after by Ada.
name: ${name}
nodes:
  # The list of the government.
  - id: read
    type: source_file
    name: Read
    config:
      path: ${airports} # 3376 rows
    position: {x: 0, y: 0}
  - id: few
    type: limit
    name: Few
    config: {rows: 5}
    position: {x: 300, y: 0}
edges:
  - {from: read, to: few}
`;

test("YAML moves the canvas and the canvas moves YAML, and comments survive", async ({
  browser,
}) => {
  const { page, said } = await signedIn(browser);
  const { airports } = await shipped(page);
  const id = await opened(page, commented(airports, "Both ways"), "?view=both");
  const yaml = page.getByRole("textbox", { name: "The pipeline as YAML" });
  await expect(yaml).toContainText("# The list of the government.");

  const line = (text: string) => yaml.locator(".cm-line").filter({ hasText: text });
  const place = async () => (await line("x:").last().textContent())?.trim();
  await line("name: Few").click();
  await page.keyboard.press("End");
  await page.keyboard.type(" of them");
  await expect(node(page, "Few of them")).toBeVisible();

  const before = await place();
  const card = node(page, "Few of them");
  await card.hover();
  await page.mouse.down();
  await page.mouse.move(400, 500, { steps: 5 });
  await page.mouse.up();
  await expect.poll(place).not.toBe(before);

  await card.click();
  await page.keyboard.press("/");
  await page.getByRole("combobox", { name: "Add a node" }).fill("sort");
  await page.keyboard.press("Enter");
  await expect(yaml).toContainText("type: sort");
  await expect(yaml).toContainText("to: sort");
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(yaml).not.toContainText("type: sort");

  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.getByText("Version 2 is saved")).toBeVisible();
  const text = await (await page.request.get(`/api/pipelines/${id}/export`)).text();
  for (const kept of ["# Looked after by Ada.", "# The list of the government.", "# 3376 rows"]) {
    expect(text).toContain(kept);
  }
  expect(text).toContain("name: Few of them");

  await line("edges:").click();
  await page.keyboard.press("End");
  await page.keyboard.type(" [");
  await expect(page.getByText(/^Line \d+ of the YAML cannot be read/)).toBeVisible();
  await expect(card).toBeVisible();
  await page.keyboard.press("Backspace");
  await page.keyboard.press("Backspace");
  await expect(page.getByText(/of the YAML cannot be read/)).toBeHidden();
  expect(said).toEqual([]);
});

test("two people edit one pipeline: the second is told, and both changes are kept", async ({
  browser,
}) => {
  const ada = await signedIn(browser);
  const bob = await signedIn(browser);
  const { airports } = await shipped(ada.page);
  const id = await opened(ada.page, commented(airports, "Of two"), "");
  await bob.page.goto(`/pipelines/${id}/edit`);
  await expect(node(bob.page, "Few")).toBeVisible();

  await node(ada.page, "Read").dblclick();
  await ada.page.getByLabel("Name of the node").fill("Read airports");
  await ada.page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(ada.page.getByText("Version 2 is saved")).toBeVisible();

  await node(bob.page, "Few").dblclick();
  await bob.page.getByLabel("Name of the node").fill("First five");
  await bob.page.getByRole("button", { name: "Save", exact: true }).click();
  const dialog = bob.page.getByRole("dialog");
  await expect(dialog.getByText("Somebody else has saved version 2 meanwhile")).toBeVisible();
  await expect(dialog.getByLabel("What will be saved")).toContainText("First five");
  await bob.page.screenshot({ path: "e2e/shots/real-editor-merge.png" });
  await dialog.getByRole("button", { name: "Save what is on the right" }).click();
  await expect(bob.page.getByText("Version 3 is saved")).toBeVisible();
  const text = await (await bob.page.request.get(`/api/pipelines/${id}/export`)).text();
  expect(text).toContain("name: Read airports");
  expect(text).toContain("name: First five");
  expect(text).toContain("# The list of the government.");

  await expect(ada.page.getByText("Somebody else has saved this pipeline")).toBeVisible({
    timeout: 20_000,
  });
  await ada.page.getByRole("button", { name: "Show the newest" }).click();
  await ada.page.getByRole("button", { name: "Take theirs, drop mine" }).click();
  await expect(node(ada.page, "First five")).toBeVisible();
  expect(ada.said).toEqual([]);
  // The browser itself tells of the refused save.
  expect(bob.said.filter((line) => !line.includes("412"))).toEqual([]);
});

test("a column that is not there is marked where it is named, and the fix turns it green", async ({
  browser,
}) => {
  test.setTimeout(120_000);
  const { page, said } = await signedIn(browser);
  const { airports } = await shipped(page);
  const text = commented(airports, "A wrong column")
    .replace("type: limit", "type: filter")
    .replace("{rows: 5}", "{condition: \"contry = 'USA'\"}");
  await opened(page, text, "");
  await node(page, "Few").dblclick();
  await page.getByRole("button", { name: "Run to here" }).click();
  const remedy = settings(page).getByRole("button", { name: "Use country" });
  await expect(remedy).toBeVisible({ timeout: 40_000 });
  await expect(page.getByRole("group", { name: /^Few, .*1 problem/ })).toBeVisible();
  await page.screenshot({ path: "e2e/shots/real-editor-problem.png" });
  await page.getByRole("button", { name: "Close the node" }).click();
  await page.getByRole("button", { name: "1 problem" }).click();
  await page.getByRole("button", { name: /^Few: condition/ }).click();

  await expect(settings(page).getByText(/there is no column "contry"/)).toBeVisible();
  await remedy.click();
  await expect(page.getByText("No problems")).toBeVisible();
  await page.getByRole("button", { name: "Run to here" }).click();
  await expect(page.getByRole("group", { name: /^Few, Filter, Success/ })).toBeVisible({
    timeout: 40_000,
  });
  expect(said).toEqual([]);
});

/** Goes on with Tab until something has the keyboard. */
async function tabTo(page: Page, to: Locator, key = "Tab"): Promise<void> {
  for (let presses = 0; presses < 60; presses++) {
    if (await to.evaluate((element) => element.contains(document.activeElement))) return;
    await page.keyboard.press(key);
  }
  throw new Error("Tab does not lead there");
}

/** Goes back to the canvas; the first Escape may only close what a field offers. */
async function leave(page: Page, name: string): Promise<void> {
  await expect(async () => {
    await page.keyboard.press("Escape");
    const card = page.getByRole("group", { name: new RegExp(`^${name},`) });
    await expect(card).toBeFocused({ timeout: 1_000 });
  }).toPass();
}

async function addByKeys(page: Page, words: string, name: string): Promise<void> {
  await page.keyboard.press("/");
  await expect(page.getByRole("combobox", { name: "Add a node" })).toBeFocused();
  await page.keyboard.type(words);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("group", { name: new RegExp(`^${name},`) })).toBeFocused();
  await page.keyboard.press("Enter");
}

test("the same is drawn with the keyboard alone", async ({ browser }) => {
  test.setTimeout(120_000);
  const { page, said } = await signedIn(browser);
  const { airports, out } = await shipped(page);
  await page.goto("/pipelines/new");
  await expect(page.getByRole("button", { name: "Add the first node" })).toBeVisible();
  await addByKeys(page, "file source", "File");
  await expect(settings(page).getByLabel("Path")).toBeFocused();
  await page.keyboard.type(airports);
  await leave(page, "File");

  await addByKeys(page, "filter", "Filter");
  await expect(settings(page).getByRole("textbox", { name: "Condition" })).toBeFocused();
  await page.keyboard.type("country = 'USA'");
  await leave(page, "Filter");

  await addByKeys(page, "aggregate", "Aggregate");
  await tabTo(page, settings(page).getByRole("button", { name: "Add to Columns" }));
  await page.keyboard.press("Enter");
  await page.keyboard.type("state");
  await tabTo(page, settings(page).getByRole("button", { name: "Add to Aggregations" }));
  await page.keyboard.press("Enter");
  await tabTo(page, settings(page).getByLabel("Function"));
  await expect(settings(page).getByLabel("Function")).toHaveValue("count");
  await tabTo(page, settings(page).getByLabel("Name", { exact: true }));
  await page.keyboard.type("airports");
  await leave(page, "Aggregate");

  await addByKeys(page, "file sink", "File 2");
  await expect(settings(page).getByLabel("Path")).toBeFocused();
  await page.keyboard.type(out);
  await leave(page, "File 2");
  await expect(page.getByText("No problems")).toBeVisible();

  await page.keyboard.press("ArrowLeft");
  await expect(page.getByRole("group", { name: /^Aggregate,/ })).toBeFocused();
  await page.keyboard.press("ControlOrMeta+Enter");
  await expect(page.getByRole("group", { name: /^Aggregate, .*Success/ })).toBeVisible({
    timeout: 40_000,
  });
  await tabTo(page, page.getByRole("button", { name: "Publish" }), "Shift+Tab");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/pipelines\/[0-9a-f-]+\/edit/);
  await tabTo(page, page.getByRole("button", { name: "Run", exact: true }), "Shift+Tab");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/runs\//);
  await expect(page.getByRole("button", { name: "Run again" })).toBeVisible({ timeout: 40_000 });
  await expect(page.locator(".react-flow__node [data-status=success]")).toHaveCount(4);
  expect(said).toEqual([]);
});
