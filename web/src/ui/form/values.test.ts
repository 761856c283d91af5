import { expect, test } from "vitest";
import type { Form } from "./fields";
import {
  anyOf,
  anyText,
  isRepeated,
  jsonProblem,
  moved,
  numberOf,
  numberProblem,
  objectOf,
  switchForm,
  withMember,
} from "./values";

test("a number that is not finished stays what was typed", () => {
  expect(numberOf("")).toBeUndefined();
  expect(numberOf(" 12 ")).toBe(12);
  expect(numberOf("1.")).toBe(1);
  expect(numberOf("-1e3")).toBe(-1000);
  for (const text of ["-", "1e", "0x10", "1o", "Infinity", `\${param.n}`]) {
    expect(numberOf(text)).toBe(text);
  }
});

test("a number says why it is none, or out of bounds", () => {
  const bounds = { whole: true, min: 1, max: 10 };
  expect(numberProblem("", bounds)).toBeUndefined();
  expect(numberProblem("3", bounds)).toBeUndefined();
  expect(numberProblem("x", bounds)).toBe("This is not a number.");
  expect(numberProblem("1.5", bounds)).toBe("This must be a whole number.");
  expect(numberProblem("0", bounds)).toBe("This must be at least 1.");
  expect(numberProblem("11", bounds)).toBe("This must be at most 10.");
});

test("any JSON is written as it is, and text without quotes", () => {
  for (const value of [
    1,
    true,
    null,
    [1, "a"],
    { a: 1 },
    "2026-01-01",
    "12",
    "true",
    '"',
    "",
    " a",
  ]) {
    expect(anyOf(anyText(value))).toEqual(value);
  }
  expect(anyText("2026-01-01")).toBe("2026-01-01");
  expect(anyText("12")).toBe('"12"');
  expect(anyText(undefined)).toBe("");
  expect(anyOf(' {"a": ')).toBe(' {"a": ');
  expect(jsonProblem(' {"a": ')).toContain("not JSON");
  expect(jsonProblem("plain")).toBeUndefined();
});

test("members are set and taken away in their places", () => {
  expect(Object.keys(withMember({ a: 1, b: 2 }, "a", 3))).toEqual(["a", "b"]);
  expect(withMember({ a: 1, b: 2 }, "a", undefined)).toEqual({ b: 2 });
});

test("entries of a list are moved within it", () => {
  expect(moved(["a", "b", "c"], 0, 2)).toEqual(["b", "c", "a"]);
  expect(moved(["a", "b"], 0, -1)).toEqual(["a", "b"]);
  expect(moved(["a", "b"], 1, 2)).toEqual(["a", "b"]);
});

test("of rows with one name the first counts", () => {
  const rows = [
    { id: 1, name: "a", value: 1 },
    { id: 2, name: "", value: "text" },
    { id: 3, name: "a", value: 2 },
    { id: 4, name: "__proto__", value: 3 },
    { id: 5, name: "", value: "x", nameless: true },
  ];
  expect(JSON.stringify(objectOf(rows))).toBe('{"a":1,"__proto__":3,"":"x"}');
  expect(rows.map((_, at) => isRepeated(rows, at))).toEqual([false, false, true, false, false]);
});

const field = (key: string) => ({
  key,
  title: key,
  help: "",
  required: false,
  fallback: undefined,
  old: false,
  everyNode: false,
  secrets: false,
  control: { kind: "any" as const },
});
const form = (tag: string, ...keys: string[]): Form => ({
  tag,
  aliases: [],
  title: tag,
  help: "",
  fields: keys.map(field),
});

test("a form that is taken keeps what it shares, and what nobody knows", () => {
  const sort = form("sort", "column", "ascending");
  const drop = form("drop", "column", "columns");
  const value = { type: "sort", column: "a", ascending: false, note: 1 };
  const there = switchForm(value, "type", sort, drop);
  expect(there).toEqual({ type: "drop", column: "a", note: 1 });
  expect(switchForm(there, "type", drop, sort, { ...value, ...there })).toEqual({
    type: "sort",
    column: "a",
    ascending: false,
    note: 1,
  });
});
