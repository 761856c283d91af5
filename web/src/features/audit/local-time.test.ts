import { expect, test } from "vitest";
import { fromLocal, toLocal } from "./local-time";

test("a moment survives the way into the field and back", () => {
  for (const iso of ["2026-03-29T00:30:00.000Z", "2026-07-01T22:59:00.000Z"]) {
    expect(fromLocal(toLocal(iso))).toBe(iso);
  }
});

test("an empty field is no moment", () => {
  expect(fromLocal("")).toBeUndefined();
  expect(toLocal(undefined)).toBe("");
});
