import { expect, test } from "vitest";
import { calendarRange, filterOf, thisMinute, togglePick } from "./filters";

const now = Date.UTC(2026, 2, 5, 12);

test("a range ends now", () => {
  expect(filterOf({ range: "24h", status: "failed" }, now)).toEqual({
    status: "failed",
    since: "2026-03-04T12:00:00.000Z",
  });
});

test("a day is from midnight to midnight, and goes before a range", () => {
  const { since = "", until = "" } = filterOf({ day: "2026-03-01", range: "7d" }, now);
  expect(new Date(since).getHours()).toBe(0);
  expect(new Date(since).getDate()).toBe(1);
  expect(new Date(until).getDate()).toBe(2);
});

test("without a time all runs are asked for", () => {
  expect(filterOf({ trigger: "api", after: "x" }, now)).toEqual({ trigger: "api", after: "x" });
});

test("what is asked for is the same for a minute", () => {
  expect(thisMinute(now + 59_999)).toBe(now);
});

test.each([
  [[], "a", ["a"]],
  [["a"], "b", ["a", "b"]],
  [["a", "b"], "c", ["b", "c"]],
  [["a", "b"], "a", ["b"]],
])("%j and then %s", (pick, id, want) => {
  expect(togglePick(pick, id)).toEqual(want);
});

test("a calendar begins on a Monday and ends today", () => {
  const thursday = new Date(2026, 2, 5);
  expect(calendarRange(thursday, 1)).toEqual({ from: "2026-03-02", to: "2026-03-05" });
  expect(calendarRange(thursday, 2).from).toBe("2026-02-23");
  expect(calendarRange(new Date(2026, 2, 8), 1).from).toBe("2026-03-02");
});
