import { expect, test } from "vitest";
import { muteTimes } from "./mute-times";

/** Noon of a day in March 2026, in the zone of the machine; the 1st is a Sunday. */
function noon(day: number): Date {
  return new Date(2026, 2, day, 12, 0, 0);
}

test.each([
  [1, 2],
  [2, 9],
  [3, 9],
  [7, 9],
])("muted on March %i until Monday is until March %i", (day, monday) => {
  const until = muteTimes(noon(day)).find(({ label }) => label.includes("Monday"))?.until;
  expect(until).toEqual(new Date(2026, 2, monday, 9, 0, 0));
});

test("every time is ahead and at most 90 days off", () => {
  for (const now of [noon(1), new Date(2026, 11, 31, 23, 59), new Date(2026, 2, 28, 0, 0)]) {
    for (const { until } of muteTimes(now)) {
      expect(until.getTime()).toBeGreaterThan(now.getTime());
      expect(until.getTime() - now.getTime()).toBeLessThan(90 * 86_400_000);
    }
  }
});
