import { expect, test } from "vitest";
import type { Answer } from "../../lib/console";
import { firstRowsOf, sqlName } from "../../lib/console";
import { choicesOf, seriesOf } from "./series";

const answer: Answer = {
  columns: [
    { name: "n", type: "BIGINT" },
    { name: "day", type: "DATE" },
    { name: "city", type: "VARCHAR" },
    { name: "price", type: "DECIMAL(10,2)" },
  ],
  rows: [
    [1, "2026-01-01", "Oslo", "10.50"],
    [2, "2026-01-02", null, null],
  ],
  truncated: false,
  duration_ms: 3,
  tables: [],
};

test("texts and days are drawn along, numbers up", () => {
  const { along, up } = choicesOf(answer);
  expect(along.map(({ name }) => name)).toEqual(["day", "city", "n", "price"]);
  expect(up.map(({ name }) => name)).toEqual(["n", "price"]);
});

test("days are moments, decimals are numbers, and what is missing is a gap", () => {
  expect(seriesOf(answer, 1, 3)).toEqual({
    labels: ["2026-01-01", "2026-01-02"],
    moments: [1_767_225_600, 1_767_312_000],
    values: [10.5, null],
  });
  expect(seriesOf(answer, 2, 0)).toEqual({
    labels: ["Oslo", ""],
    moments: undefined,
    values: [1, 2],
  });
});

test("names are quoted when they must be", () => {
  expect(sqlName("orders_2")).toBe("orders_2");
  expect(sqlName("in")).toBe('"in"');
  expect(sqlName('My "node"')).toBe('"My ""node"""');
  expect(firstRowsOf("a-b")).toContain('FROM "a-b"');
});
