import { expect, test } from "vitest";
import { actorInWords, eventByWords, eventInWords } from "./words";

test("events are told in words, and found by them or by their codes", () => {
  for (const event of ["pipeline_deleted", "authn_login_fail", "variable_created"]) {
    expect(eventInWords(event)).not.toContain("_");
    expect(eventByWords(eventInWords(event))).toBe(event);
    expect(eventByWords(` ${event} `)).toBe(event);
  }
  expect(eventInWords("variable_created")).toBe("Variable created");
  expect(actorInWords("host")).toBe("Command line of the host");
  expect(actorInWords("robot")).toBe("robot");
});
