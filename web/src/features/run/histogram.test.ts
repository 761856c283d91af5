import { expect, test } from "vitest";
import { barHeights, missingWords, shortNumber, spreadWords } from "./histogram";

test("bars are in percent of the tallest, and few are not none", () => {
  expect(barHeights([0, 1, 50, 1000])).toEqual([0, 6, 6, 100]);
  expect(barHeights([0, 0])).toEqual([0, 0]);
  expect(barHeights([])).toEqual([]);
});

test.each([
  [0, 10, "none"],
  [10, 10, "all"],
  [1, 100_000, "<0.1 %"],
  [5, 100, "5.0 %"],
  [999, 1000, "99 %"],
])("%d of %d missing is %s", (nulls, rows, want) => {
  expect(missingWords(nulls, rows)).toBe(want);
});

test("a histogram in words", () => {
  expect(spreadWords([0, 0, 9], "1", "7")).toBe("From 1 to 7, most of them in the upper third");
  expect(spreadWords([9, 0, 0], "1", "7")).toContain("lower");
});

test.each([
  [6.375, "6.375"],
  [3_002_399_751_580_332, "3.00e+15"],
  [12_345.678, "12,346"],
  [0, "0"],
])("%d is shown as %s", (value, want) => {
  expect(shortNumber(value)).toBe(want);
});
