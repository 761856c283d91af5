import { expect, test } from "vitest";
import { expiresAt } from "./expiry";

const now = Date.parse("2026-03-01T12:00:00Z");

test.each([
  ["30 days", "", "2026-03-31T12:00:00.000Z"],
  ["1 year", "", "2027-03-01T12:00:00.000Z"],
  ["Never", "2026-04-01", undefined],
  ["On a day", "", undefined],
])("%s %s", (choice, day, want) => {
  expect(expiresAt({ choice, day }, now)).toBe(want);
});

test("a token for a day works until that day has passed", () => {
  const end = expiresAt({ choice: "On a day", day: "2026-04-01" }, now);
  expect(new Date(end ?? "").getDate()).toBe(1);
  expect(new Date(end ?? "").getHours()).toBe(23);
});
