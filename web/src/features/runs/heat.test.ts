import { expect, test } from "vitest";
import type { Day } from "../../lib/history";
import { dateByKey, dayWords, levelOf, monthOver, weeksOf } from "./heat";

function day(date: string, part: Partial<Day> = {}): Day {
  return { date, total: 0, success: 0, failed: 0, cancelled: 0, active: 0, ...part };
}

test("weeks are from Monday to Sunday, also the first and the last", () => {
  // The first of March 2026 is a Sunday.
  const weeks = weeksOf(["2026-02-28", "2026-03-01", "2026-03-02"].map((date) => day(date)));
  expect(weeks.map((week) => week.days.map((one) => one?.date.slice(8) ?? "--").join(" "))).toEqual(
    ["-- -- -- -- -- 28 01", "02 -- -- -- -- -- --"],
  );
  expect(weeks.map(monthOver)).toEqual(["Mar", ""]);
});

test("the steps of colour are those of a root, so that few runs are seen beside many", () => {
  expect([0, 1, 100, 400, 1600].map((total) => levelOf(day("", { total }), 1600))).toEqual([
    0, 1, 1, 2, 4,
  ]);
});

test("a day in words", () => {
  expect(dayWords(day("2026-03-01", { total: 1 }))).toBe("Sun, March 1, 2026: 1 run");
  expect(dayWords(day("2026-03-01", { total: 1200, failed: 2, active: 1 }))).toContain(
    "1,200 runs, 2 failed, 1 under way",
  );
});

test("arrows go by days and weeks, over the ends of months", () => {
  expect(dateByKey("2026-03-01", "ArrowUp")).toBe("2026-02-28");
  expect(dateByKey("2026-02-26", "ArrowRight")).toBe("2026-03-05");
  expect(dateByKey("2026-02-26", "Enter")).toBeUndefined();
});
