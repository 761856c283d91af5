import { expect, test } from "vitest";
import {
  auditSearch,
  issuesSearch,
  nextSearch,
  pipelineSearch,
  runSearch,
  runsSearch,
} from "./search";

test.each([
  ["/runs?status=failed", "/runs?status=failed"],
  ["//evil.example", undefined],
  ["/\\evil.example", undefined],
  ["https://evil.example", undefined],
  ["https:evil.example", undefined],
  ["javascript:alert(1)", undefined],
  ["/\t/evil.example", undefined],
  ["/\n/evil.example", undefined],
  ["/runs\r\nLocation: https://evil.example", undefined],
  ["/%0d%0aLocation:%20https://evil.example", "/%0d%0aLocation:%20https://evil.example"],
])("a sign-in may lead to %s only inside this site", (next, want) => {
  expect(nextSearch({ next }).next).toBe(want);
});

test("what a page does not know is dropped", () => {
  expect(runsSearch({ status: "sleeping", after: "c", more: 1 })).toEqual({ after: "c" });
  expect(pipelineSearch({ tab: "nope", from: 2.5, to: 3 })).toEqual({ to: 3 });
});

test("of the issues, only known states and kinds are kept", () => {
  expect(issuesSearch({ state: "all", kind: "run_stuck", mine: true, after: "c" })).toEqual({
    state: "all",
    kind: "run_stuck",
    mine: true,
    after: "c",
  });
  expect(issuesSearch({ state: "lost", kind: "x", mine: "yes" })).toEqual({});
});

test("a number typed as words stays words", () => {
  expect(runSearch({ q: 404, level: "error" })).toEqual({ q: "404", level: "error" });
});

test("a moment that is none is dropped, another is written as the API takes it", () => {
  expect(auditSearch({ since: "yesterday", until: "2026-03-01T12:00Z", after: 412 })).toEqual({
    until: "2026-03-01T12:00:00.000Z",
    after: "412",
  });
});
