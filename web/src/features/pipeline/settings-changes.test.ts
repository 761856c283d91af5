import { expect, test } from "vitest";
import { changed, changesTo } from "./settings-changes";

const document = { name: "a", overlap: "skip", tags: ["x"], schedule: "" };

test("changes are the members that differ, and null for those that are gone", () => {
  const next = { name: "b", tags: ["x"], schedule: "", pool: "small" };
  expect(changesTo(document, next)).toEqual({ name: "b", overlap: null, pool: "small" });
  expect(changed(document, changesTo(document, next))).toEqual(next);
  expect(changesTo(document, document)).toEqual({});
});

test("changes are made over a document that others have changed", () => {
  const theirs = { ...document, tags: ["y"] };
  expect(changed(theirs, { overlap: null })).toEqual({ name: "a", tags: ["y"], schedule: "" });
});
