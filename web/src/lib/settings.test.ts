import { expect, test } from "vitest";
import type { JsonSchema, Settings } from "./model";
import { type SettingValue, settingRows, titleOf } from "./settings";

const file: JsonSchema = {
  type: "object",
  properties: {
    path: { type: "string", title: "Path", description: "A file." },
    format: { type: "string", default: "auto" },
    header: { type: "boolean", title: "First line has the column names", default: true },
    columns: { type: "array", items: { type: "string" } },
    types: { type: "object", additionalProperties: { type: "string" } },
    password: { type: "string", writeOnly: true },
    query: { type: "string", format: "sql" },
    rules: {
      type: "array",
      items: {
        oneOf: [
          {
            title: "Rename columns",
            properties: {
              type: { type: "string", enum: ["rename_columns", "rename"] },
              mapping: { type: "object", additionalProperties: { type: "string" } },
            },
            required: ["type", "mapping"],
          },
          {
            title: "Drop columns",
            properties: { type: { const: "drop" }, columns: { type: "array" } },
            required: ["type", "columns"],
          },
        ],
      },
    },
  },
  required: ["path"],
};

function value(settings: Settings, key: string): SettingValue | undefined {
  return settingRows(file, settings).find((row) => row.key === key)?.value;
}

test("settings come in the schema's order, required ones even when they are missing, unknown ones last", () => {
  const rows = settingRows(file, { zeta: 1, header: false });
  expect(rows.map(({ title, required }) => [title, required])).toEqual([
    ["Path", true],
    ["First line has the column names", false],
    ["Zeta", false],
  ]);
});

test.each<[string, Settings, string, SettingValue]>([
  ["text", { path: "a.csv" }, "path", { kind: "text", text: "a.csv" }],
  ["yes and no", { header: false }, "header", { kind: "text", text: "No" }],
  ["empty with a default", { format: "" }, "format", { kind: "unset", fallback: "auto" }],
  ["missing", {}, "path", { kind: "unset" }],
  ["a secret is never shown", { password: "x" }, "password", { kind: "secret" }],
  ["code by format", { query: "select 1" }, "query", { kind: "code", text: "select 1" }],
  ["code by its lines", { path: "a\nb" }, "path", { kind: "code", text: "a\nb" }],
  ["a list", { columns: ["a"] }, "columns", { kind: "list", items: [{ kind: "text", text: "a" }] }],
])("%s", (_, settings, key, want) => {
  expect(value(settings, key)).toEqual(want);
});

test("the keys of an object with free names stay as they are", () => {
  const types = value({ types: { zip_code: "text" } }, "types");
  expect(types).toMatchObject({ kind: "group", rows: [{ title: "zip_code" }] });
});

test("an object that takes several forms shows the one it takes", () => {
  const rules = value({ rules: [{ type: "rename", mapping: { a: "b" } }] }, "rules");
  expect(rules).toMatchObject({
    kind: "list",
    items: [{ kind: "group", title: "Rename columns", rows: [{ key: "mapping" }] }],
  });
});

test.each([
  ["has_header", "Has header"],
  ["nullStrings", "Null Strings"],
])("%s reads %s", (key, words) => {
  expect(titleOf(key)).toBe(words);
});
