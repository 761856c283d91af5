import { expect, test } from "vitest";
import { eventInWords, isMuted, isUnread } from "./issues";

const now = Date.parse("2026-03-01T12:00:00Z");
const later = "2026-03-01T13:00:00Z";
const earlier = "2026-03-01T11:00:00Z";

test("a mute ends by itself", () => {
  expect(isMuted({ muted_until: later }, now)).toBe(true);
  expect(isMuted({ muted_until: earlier }, now)).toBe(false);
  expect(isMuted({}, now)).toBe(false);
});

test.each([
  [{ state: "open" }, true],
  [{ state: "acknowledged" }, true],
  [{ state: "resolved" }, false],
  [{ state: "open", read_at: earlier }, false],
  [{ state: "open", muted_until: later }, false],
  [{ state: "open", muted_until: earlier }, true],
] as const)("%j is unread: %s", (issue, unread) => {
  expect(isUnread(issue, now)).toBe(unread);
});

test.each([
  [{ type: "assigned", detail: "ada" }, "Assigned to ada"],
  [{ type: "assigned" }, "Assigned to nobody"],
  [{ type: "severity", detail: "critical" }, "Now critical"],
  [{ type: "resolved" }, "Resolved"],
] as const)("%j reads %s", (event, words) => {
  expect(eventInWords({ ...event, at: earlier })).toBe(words);
});
