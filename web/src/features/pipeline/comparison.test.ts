import { expect, test } from "vitest";
import { pickComparison } from "./comparison";

const versions = [4, 3, 1].map((version) => ({ version, message: "", created_at: "", author: "" }));

test.each([
  ["nothing asked for", undefined, undefined, { from: 3, to: 4 }],
  ["one version", undefined, 3, { from: 1, to: 3 }],
  ["two versions", 1, 4, { from: 1, to: 4 }],
  ["the first version has nothing before it", undefined, 1, { from: undefined, to: 1 }],
  ["versions that are gone", 2, 9, { from: 3, to: 4 }],
  ["a version with itself", 3, 3, { from: 1, to: 3 }],
])("%s", (_, from, to, want) => {
  expect(pickComparison(versions, from, to)).toEqual(want);
});
