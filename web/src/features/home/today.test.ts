import { expect, test } from "vitest";
import type { Day } from "../../lib/history";
import { barParts, countLately, dayWords } from "./today";

function day(date: string, part: Partial<Day> = {}): Day {
  return { date, total: 0, success: 0, failed: 0, cancelled: 0, active: 0, ...part };
}

test("today, yesterday, and the share of seven days that succeeded", () => {
  const old = day("2026-03-01", { total: 100, failed: 100 });
  const week = Array.from({ length: 7 }, (_, n) =>
    day(`2026-03-0${n + 2}`, { total: 4, success: 3, failed: 1 }),
  );
  expect(countLately([old, ...week])).toEqual({ today: 4, yesterday: 4, successRate: 0.75 });
});

test("without runs nothing is claimed", () => {
  expect(countLately([])).toEqual({ today: 0, yesterday: 0, successRate: undefined });
  expect(countLately([day("2026-03-01", { total: 1, active: 1 })]).successRate).toBeUndefined();
});

test("a bar has what failed on top, and only parts that are there", () => {
  const parts = barParts(day("2026-03-01", { total: 5, success: 3, failed: 2 }), 10);
  expect(parts).toEqual([
    { tone: "good", height: 30 },
    { tone: "bad", height: 20 },
  ]);
  expect(barParts(day("2026-03-01"), 0)).toEqual([]);
});

test("a day in words", () => {
  expect(dayWords(day("2026-03-01", { total: 1, success: 1 }))).toBe(
    "Sun, Mar 1: 1 run, 1 succeeded, 0 failed",
  );
});
