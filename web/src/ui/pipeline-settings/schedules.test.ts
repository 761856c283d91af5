import { expect, test } from "vitest";
import { freeName, placesOf, timeIn, valueAt, zoneNames } from "./schedules";
import { setAt } from "./set-at";

const document = {
  schedule: "0 6 * * *",
  schedule_timezone: "Europe/Berlin",
  schedules: [{ name: "schedule-2", cron: "@daily", timezone: "UTC" }],
};

test("the schedule without a name comes first, and each knows its place", () => {
  const [first, second] = placesOf(document);
  expect(valueAt(document, first?.members.timezone ?? [])).toBe("Europe/Berlin");
  expect(second?.name).toBe("schedule-2");
  expect(valueAt(document, second?.members.cron ?? [])).toBe("@daily");
  expect(placesOf({ schedule: "" })).toEqual([]);
  expect(placesOf({ schedules: null })).toEqual([]);
});

test("one more schedule has a name that none has", () => {
  expect(freeName(document)).toBe("schedule-3");
  expect(freeName({ schedules: [{ name: "schedule-2" }] })).not.toBe("schedule-2");
});

test("times are told by the clocks of a zone", () => {
  expect(timeIn("2026-03-28T05:00:00Z", "Europe/Berlin")).toBe("Sat, Mar 28, 06:00");
  expect(timeIn("2026-03-29T05:00:00Z", "Europe/Berlin")).toBe("Sun, Mar 29, 07:00");
  expect(timeIn("2026-03-29T05:00:00Z", "Mars/X")).toBe("Sun, Mar 29, 05:00");
  expect(zoneNames()).toEqual(expect.arrayContaining(["UTC", "Europe/Berlin"]));
});

test("a value is set at a path, and what is beside it stays", () => {
  const next = setAt(document, ["schedules", 0, "paused"], true);
  expect(next).toEqual({ ...document, schedules: [{ ...document.schedules[0], paused: true }] });
  expect(setAt(next, ["schedules", 0, "paused"], undefined)).toEqual(document);
  expect(setAt({}, ["hooks", "on_start", "url"], "x")).toEqual({
    hooks: { on_start: { url: "x" } },
  });
  expect(setAt({ a: 1, b: 2 }, ["a"], undefined)).toEqual({ b: 2 });
  expect(setAt({ list: [1, 2] }, ["list", 0], undefined)).toEqual({ list: [2] });
});
