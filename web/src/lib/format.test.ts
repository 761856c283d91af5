import { expect, test } from "vitest";
import {
  elapsedMs,
  formatBytes,
  formatCount,
  formatDuration,
  formatRelative,
  formatRows,
  shortId,
} from "./format";

test.each([
  [0, "0"],
  [9_412, "9,412"],
  [12_345, "12.3 k"],
  [999_999, "999 k"],
  [1_234_567, "1.2 M"],
  [3_000_000_000, "3 B"],
])("%d is %s", (n, want) => {
  expect(formatCount(n)).toBe(want);
});

test("one row is not plural", () => {
  expect([formatRows(1), formatRows(2)]).toEqual(["1 row", "2 rows"]);
});

test.each([
  [340, "340 ms"],
  [3_400, "3.4 s"],
  [59_949, "59.9 s"],
  [59_990, "1 min 00 s"],
  [125_000, "2 min 05 s"],
  [4_320_000, "1 h 12 min"],
  [3_599_900, "1 h 00 min"],
])("%d ms is %s", (ms, want) => {
  expect(formatDuration(ms)).toBe(want);
});

const now = Date.parse("2026-03-01T12:00:00Z");

test.each([
  ["2026-03-01T11:59:58Z", "just now"],
  ["2026-03-01T11:59:18Z", "42 s ago"],
  ["2026-03-01T11:02:00Z", "58 min ago"],
  ["2026-02-28T12:00:00Z", "1 d ago"],
  ["2025-12-24T12:00:00Z", "Dec 24, 2025"],
  ["2026-03-01T12:10:00Z", "in 10 min"],
  ["never", ""],
])("%s was %s", (iso, want) => {
  expect(formatRelative(iso, now)).toBe(want);
});

test("a run that goes on counts until now, one that never started not at all", () => {
  const started_at = "2026-03-01T11:59:00Z";
  expect(elapsedMs({ started_at, finished_at: null }, now)).toBe(60_000);
  expect(elapsedMs({ started_at, finished_at: "2026-03-01T11:59:03Z" }, now)).toBe(3_000);
  expect(elapsedMs({ started_at: null, finished_at: null }, now)).toBeUndefined();
});

test("an id is told apart by its end, where ids made at one time differ", () => {
  expect(shortId("0197a6e0-0000-7000-8000-0123456789ab")).toBe("456789ab");
});

test.each([
  [1, "1 byte"],
  [999, "999 bytes"],
  [182_400, "182.4 kB"],
  [3_000_000, "3 MB"],
])("%d bytes read %s", (n, want) => {
  expect(formatBytes(n)).toBe(want);
});
