import { expect, test } from "vitest";
import { pinnedText, readPinned } from "./pinned-text";

const pin = {
  node_id: "read",
  columns: [
    { name: "id", type: "INTEGER" },
    { name: "day", type: "DATE" },
  ],
  rows: [
    { id: 1, day: "2026-02-01" },
    { id: 2, day: null },
  ],
  pinned_by: "ada",
  pinned_at: "2026-02-01T12:00:00Z",
};

test("pinned rows are edited a row a line, and come back as they were", () => {
  const text = '[\n  {"id":1,"day":"2026-02-01"},\n  {"id":2,"day":null}\n]';
  expect(pinnedText(pin)).toBe(text);
  expect(readPinned(text, pin)).toEqual({ columns: pin.columns, rows: pin.rows });
  expect(pinnedText({ rows: [] })).toBe("[]");
});

test("columns lose their types when one has come", () => {
  expect(readPinned('[{"id": 1, "city": "Vienna"}]', pin)).toEqual({
    rows: [{ id: 1, city: "Vienna" }],
  });
});

test("what is no list of rows is told", () => {
  expect(readPinned("[", pin)).toMatch(/^This is not JSON: /);
  for (const text of ["{}", "[1]", "[null]", "[[]]"]) {
    expect(readPinned(text, pin)).toMatch(/^Write a list of rows/);
  }
});
