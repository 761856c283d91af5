import { expect, test } from "vitest";
import { idOf } from "./workspace-id";

test("an id is made of what a name has of letters and digits", () => {
  expect(idOf("The North")).toBe("the-north");
  expect(idOf("  Büro 7 / Graz! ")).toBe("buro-7-graz");
  expect(idOf("צפון")).toBe("");
  expect(idOf("x".repeat(90))).toHaveLength(64);
});
