import { expect, type Page, test } from "@playwright/test";
import { lookAtBoth } from "../mock/check";
import { serve } from "../mock/server";

let told: string[] = [];

test.beforeEach(async ({ page }) => {
  told = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) told.push(message.text());
  });
  page.on("pageerror", (error) => told.push(error.message));
  await serve(page);
});

// A development build: React tells of what it does not like.
test.afterEach(() => expect(told).toEqual([]));

async function open(page: Page, kind: string): Promise<void> {
  await page.goto(`/_gallery?kind=${encodeURIComponent(kind)}`);
  await expect(page.getByRole("heading", { name: "Gallery" })).toBeVisible();
}

/** What the form would be saved as. */
async function expectValue(page: Page, value: unknown): Promise<void> {
  await expect
    .poll(async () => JSON.parse((await page.getByTestId("value").textContent()) ?? ""))
    .toEqual(value);
}

test("every field is set and taken back; defaults stay unwritten", async ({ page }) => {
  await open(page, "every field");
  await page.getByLabel("Text *", { exact: true }).fill("orders");
  await page.getByLabel("Long text").fill("a\nb");
  await page.getByLabel("Whole number").fill("7");
  await page.getByLabel("Yes or no").uncheck();
  await page.getByLabel("Choice").selectOption("overwrite");
  await expectValue(page, {
    name: "orders",
    message: "a\nb",
    rows: 7,
    header: false,
    mode: "overwrite",
  });
  await page.getByLabel("Long text").fill("");
  await page.getByLabel("Whole number").fill("");
  await page.getByLabel("Yes or no").check();
  await page.getByLabel("Choice").selectOption("append (default)");
  await expectValue(page, { name: "orders" });
});

test("empty text that means something is written, and the default comes back", async ({ page }) => {
  await open(page, "every field");
  const quote = page.getByLabel("Text with a default");
  await quote.fill("'");
  await quote.fill("");
  await expectValue(page, { quote: "" });
  await page.getByRole("button", { name: "Default" }).click();
  await expectValue(page, {});
});

test("half a number and half an object stay as they were typed", async ({ page }) => {
  await open(page, "every field");
  await page.getByRole("button", { name: "More settings" }).click();
  const rate = page.getByLabel("Number", { exact: true });
  await rate.pressSequentially("1.");
  await expect(rate).toHaveValue("1.");
  await rate.pressSequentially("50");
  await expect(rate).toHaveValue("1.50");
  await expectValue(page, { rate: 1.5 });
  await rate.fill("1o");
  await expect(page.getByText("This is not a number.")).toBeVisible();
  await expectValue(page, { rate: "1o" });
  await rate.fill("");
  const body = page.getByLabel("Any JSON");
  await body.fill('{"a": [1,');
  await expect(page.getByText("This is not JSON yet")).toBeVisible();
  await expectValue(page, { body: '{"a": [1,' });
  await body.fill('{"a": [1, 2]}');
  await expect(body).toHaveValue('{"a": [1, 2]}');
  await expectValue(page, { body: { a: [1, 2] } });
  await body.fill("2026-01-01");
  await expectValue(page, { body: "2026-01-01" });
});

test("columns and placeholders are offered", async ({ page }) => {
  await open(page, "every field");
  await page.getByRole("button", { name: "More settings" }).click();
  const column = page.getByLabel("Column", { exact: true });
  await column.fill("cr");
  await page.getByRole("option", { name: "created_at TIMESTAMP" }).click();
  const name = page.getByLabel("Text *", { exact: true });
  await name.fill("in/${");
  await page.getByRole("option", { name: /param.month/ }).click();
  await expectValue(page, { key: "created_at", name: `in/\${param.month}` });
});

test("names are offered where they may stand, filtered while they are written", async ({
  page,
}) => {
  await open(page, "every field");
  await page.getByRole("button", { name: "More settings" }).click();
  const names = page.getByRole("listbox").getByRole("option");
  const text = page.getByRole("combobox", { name: "Text" }).first();
  await text.pressSequentially("a/b");
  await text.press("ArrowLeft");
  await text.pressSequentially("${reg");
  await expect(names).toHaveText([`\${var.region}eu`]);
  await page.keyboard.press("ArrowDown");
  await expect(text).toHaveAttribute("aria-activedescendant", /./);
  await page.keyboard.press("Enter");
  await page.keyboard.type("-");
  await expect(text).toHaveValue(`a/\${var.region}-b`);

  const lines = page.getByLabel("Long text");
  await lines.pressSequentially("Rows\nof ${conn");
  await expect(names).toHaveText([`\${conn.shop.host}db.example.com`]);
  await page.keyboard.press("Escape");
  await expect(names).toHaveCount(0);
  await lines.pressSequentially(".");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.keyboard.press("ArrowUp");
  await page.keyboard.type("!");
  await expect(lines).toHaveValue(/^Ro?w?s?!.*\nof \$\{conn\.shop\.host\}$/);
  await lines.fill("${");
  await expect(names.filter({ hasText: "crm_token" })).toHaveCount(0);
  await expect(names.filter({ hasText: "env.STAGE" })).toHaveCount(1);
  await lines.fill("");

  const rows = page.getByLabel("Whole number");
  await rows.fill("${var.");
  await names.click();
  await expect(page.getByText("This is not a number.")).toHaveCount(0);
  const secret = page.getByRole("combobox", { name: "Secret" });
  await secret.fill("${crm");
  await expect(secret).toHaveAttribute("type", "text");
  await names.click();
  await page.getByRole("textbox", { name: "SQL" }).click();
  // The editor closes a bracket by itself.
  await page.keyboard.type("select ${sta", { delay: 40 });
  await names.filter({ hasText: "env.STAGE" }).click();
  await page.getByRole("button", { name: "Add to Map" }).click();
  await page.getByLabel("Map, row 1: name").fill("${");
  await expect(names).toHaveCount(0);
  await page.getByLabel("Map, row 1: name").fill("id");
  await expectValue(page, {
    name: `a/\${var.region}-b`,
    rows: `\${var.region}`,
    password: `\${secret.crm_token}`,
    query: `select \${env.STAGE}`,
    types: { id: "text" },
  });
});

test("a list is made, ordered and emptied by keyboard", async ({ page }) => {
  await open(page, "every field");
  await page.getByRole("button", { name: "More settings" }).click();
  const add = page.getByRole("button", { name: "Add to List of columns" });
  await add.focus();
  await page.keyboard.press("Enter");
  await expect(
    page.getByLabel("List of columns 1", { exact: true }).locator("input"),
  ).toBeFocused();
  await page.keyboard.type("id");
  await add.focus();
  await page.keyboard.press("Enter");
  await page.keyboard.type("amount");
  await expectValue(page, { columns: ["id", "amount"] });
  await page.keyboard.press("Escape");
  await page.keyboard.press("Alt+ArrowUp");
  await expectValue(page, { columns: ["amount", "id"] });
  await page.getByRole("button", { name: "Move down List of columns 1" }).focus();
  await page.keyboard.press("Enter");
  await expectValue(page, { columns: ["id", "amount"] });
  await expect(page.getByRole("button", { name: "Move down List of columns 2" })).toBeFocused();
  await page.getByRole("button", { name: "Remove List of columns 1" }).press("Enter");
  await page.getByRole("button", { name: "Remove List of columns 1" }).press("Enter");
  await expectValue(page, {});
});

test("a map keeps two rows of one name apart until one is changed", async ({ page }) => {
  await open(page, "every field");
  await page.getByRole("button", { name: "More settings" }).click();
  const add = page.getByRole("button", { name: "Add to Map" });
  await add.click();
  await page.getByLabel("Map, row 1: name").fill("id");
  await page.keyboard.press("Escape");
  await add.click();
  await page.getByLabel("Map, row 2: name").fill("id");
  await expect(page.getByText("This name is there already")).toBeVisible();
  await page.getByLabel("Map, row 2: value").selectOption("integer");
  await expectValue(page, { types: { id: "text" } });
  await page.getByRole("combobox", { name: "Map, row 2: name" }).fill("zip");
  await expectValue(page, { types: { id: "text", zip: "integer" } });
});

test("an object takes another form and back without a loss", async ({ page }) => {
  await open(page, "every field");
  await page.getByRole("button", { name: "More settings" }).click();
  await page.getByRole("button", { name: "Add to List of forms" }).click();
  const form = page.locator("select", { has: page.locator("option", { hasText: "Filter rows" }) });
  await form.selectOption("Sort");
  const rule = page.getByRole("group", { name: "List of forms 1" }).first();
  await rule.getByLabel("Column").fill("id");
  await form.selectOption("Filter rows");
  await expectValue(page, { rules: [{ type: "filter_rows" }] });
  await form.selectOption("Sort");
  await expectValue(page, { rules: [{ type: "sort", column: "id" }] });
});

test("an expression is completed with columns and functions", async ({ page }) => {
  await open(page, "every field");
  const code = page.getByRole("textbox", { name: "Expression" });
  await code.click();
  await page.keyboard.type("unit");
  await page.getByRole("option", { name: /unit price/ }).click();
  await page.keyboard.type(" > rou");
  await page.getByRole("option", { name: /round/ }).first().click();
  await page.keyboard.type("amount");
  await expectValue(page, { condition: '"unit price" > round(amount)' });
  // Tab leaves the editor, as it leaves every field.
  await page.keyboard.press("Escape");
  await page.keyboard.press("Tab");
  await expect(code).not.toBeFocused();
});

test("problems stand at their fields, and suggestions are taken", async ({ page }) => {
  await open(page, "every problem");
  await expect(page.getByText("Either query or condition is needed.")).toBeVisible();
  await lookAtBoth(page, "form-problems");
  await page.getByRole("button", { name: "Use append" }).click();
  await page.getByRole("button", { name: "Use country" }).first().click();
  await page.getByRole("button", { name: "Use country" }).click();
  await page.getByRole("button", { name: "Use text" }).click();
  await page.getByRole("button", { name: "Use created_at" }).click();
  await page.getByRole("button", { name: "Use sort" }).click();
  await page.getByRole("button", { name: "Use least" }).click();
  await page.getByRole("button", { name: "Use amount" }).first().click();
  await page.getByRole("button", { name: "Use amount" }).click();
  await page.getByLabel("Yes or no").fill("true");
  await page.getByRole("button", { name: "Back to the form" }).click();
  await expectValue(page, {
    name: "",
    rows: "1o",
    rate: "a lot",
    header: true,
    mode: "append",
    key: "amount",
    condition: "amount > 100",
    columns: ["country", "country"],
    types: { country: "text", id: "text" },
    rules: [
      { type: "filter", condition: "created_at is null" },
      { type: "sort", column: "id" },
    ],
    limits: { most: 1, least: 2 },
    modus: "append",
    _note: "of another program",
  });
  await page.getByRole("button", { name: "Remove modus" }).click();
  await expect(page.getByLabel("modus")).toHaveCount(0);
});

test("what is only to be read is not changed", async ({ page }) => {
  await open(page, "every problem");
  await page.getByLabel("Only to read").check();
  await expect(
    page.getByRole("button", { name: /^(Add|Remove|Move|Use(?! dark| light))/ }),
  ).toHaveCount(0);
  await expect(page.getByLabel("Text *", { exact: true })).not.toBeEditable();
  await lookAtBoth(page, "form-only-read");
});

for (const kind of ["source_api", "transform", "quality_check", "code", "join"]) {
  test(`the form of ${kind} is fit to be seen`, async ({ page }) => {
    await open(page, kind);
    const folded = page.getByRole("button", { name: /^(More|Retries)/, expanded: false });
    while ((await folded.count()) > 0) await folded.first().click();
    for (const add of await page.getByRole("button", { name: /^Add to/ }).all()) await add.click();
    await lookAtBoth(page, `form-${kind}`);
  });
}
