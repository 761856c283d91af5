import { expect, test } from "@playwright/test";

const account = { username: "ada", password: "correct-horse-battery-staple" };

const pipeline = `name: Console spec
ir_version: "2.2"
nodes:
  - {id: in, type: source_file, name: In, config: {path: console-in.csv}}
  - {id: large, type: filter, name: Large, config: {condition: "people > 1", keep: true}}
  - {id: out, type: sink_file, name: Out, config: {path: console-out.csv}}
edges:
  - {from: in, to: large}
  - {from: large, to: out}
`;

/** Makes the rows that the console is asked about: by a pipeline of its own that writes a file. */
const maker = `name: Console rows
ir_version: "2.2"
nodes:
  - {id: rows, type: code, name: Rows, config: {script: "output_data = {'columns': ['city', 'people'], 'rows': [{'city': 'Oslo', 'people': 2}, {'city': 'Bergen', 'people': 1}, {'city': 'Berlin', 'people': 3}]}"}}
  - {id: file, type: sink_file, name: File, config: {path: console-in.csv}}
edges:
  - {from: rows, to: file}
`;

test("a run is asked in SQL, a mistake is explained, and lineage and reference show it", async ({
  page,
  request,
}) => {
  const setup = await (await request.get("/api/auth/setup")).json();
  if (setup.needs_setup) {
    await request.post("/api/auth/users", { data: { ...account, role: "superadmin" } });
  }
  expect((await request.post("/api/auth/login", { data: account })).ok()).toBe(true);
  await page.context().addCookies((await request.storageState()).cookies);
  const finished = async (yaml: string) => {
    const made = await request.post("/api/pipelines/import", {
      headers: { "Content-Type": "application/x-yaml" },
      data: yaml,
    });
    expect(made.status(), await made.text()).toBe(201);
    const { id } = await made.json();
    const { run_id } = await (await request.post(`/api/pipelines/${id}/run`)).json();
    await expect
      .poll(async () => (await (await request.get(`/api/runs/${run_id}`)).json()).status, {
        timeout: 40_000,
      })
      .toBe("success");
    return run_id as string;
  };
  await finished(maker);
  const run = await finished(pipeline);
  const complaints: string[] = [];
  page.on("console", (line) => {
    // That a statement was refused is what the browser itself logs.
    const refused = line.text().includes("status of 400");
    if (["error", "warning"].includes(line.type()) && !refused) complaints.push(line.text());
  });

  await page.goto(`/runs/${run}?node=large&panel=data`);
  await page.getByRole("link", { name: "Query these rows" }).click();
  await expect(page.getByText(/^2 rows, 2 columns/)).toBeVisible();
  const code = page.getByRole("textbox", { name: "SQL" });
  const write = async (sql: string) => {
    await code.focus(); // a list of completions may lie over the text
    await page.keyboard.press("ControlOrMeta+A");
    await page.keyboard.insertText(sql);
    await page.keyboard.press("ControlOrMeta+Enter");
  };
  await write("SELECT sum(peple) FROM large");
  await expect(page.getByRole("alert")).toContainText('Did you mean "people"?');
  await write("SELECT * FROM read_csv('/etc/passwd')");
  await expect(page.getByRole("alert")).toContainText("read_csv cannot be used");
  await write("SELECT city, people FROM large ORDER BY people DESC");
  await expect(page.getByRole("cell", { name: "Berlin" })).toBeVisible();
  await page.getByText("Chart", { exact: true }).click();
  await expect(page.getByRole("img", { name: "people: 2 values from 2 to 3" })).toBeVisible();
  await page.getByRole("button", { name: "Download" }).click();
  const saved = page.waitForEvent("download");
  await page.getByRole("menuitem", { name: "Parquet" }).click();
  expect((await saved).suggestedFilename()).toBe("query.parquet");
  await page.screenshot({ path: "e2e/shots/real-console.png" });

  await page.goto("/lineage?asset=file:console-in.csv");
  const assets = page.getByRole("complementary", { name: "Assets" });
  await expect(assets.getByRole("link", { name: "Console rows" })).toBeVisible();
  await expect(assets.getByRole("button", { name: "console-out.csv file" })).toBeVisible();
  await page.screenshot({ path: "e2e/shots/real-lineage.png" });

  await page.goto("/api-reference?q=search");
  await page.getByRole("link", { name: "GET /api/search" }).click();
  await page.getByRole("textbox", { name: "q", exact: true }).fill("CONSOLE ROWS");
  await page.getByRole("button", { name: "Send GET" }).click();
  await expect(page.getByText('"name": "Console rows"')).toBeVisible();
  expect(complaints).toEqual([]);
});
