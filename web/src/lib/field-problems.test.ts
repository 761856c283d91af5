import { expect, test } from "vitest";
import { ApiError } from "./api";
import { fieldProblems } from "./field-problems";

const fields = { name: ["username"], password: ["password", "new_password"] };

function refused(...problems: { path: string; message: string }[]): ApiError {
  return new ApiError(400, { error: "Refused.", problems });
}

test("problems stand at their fields, as sentences", () => {
  const error = refused(
    { path: "new_password", message: "must have at least 12 characters" },
    { path: "new_password", message: "must not be the name" },
  );
  expect(fieldProblems(error, fields)).toEqual({
    at: { password: "Must have at least 12 characters. Must not be the name." },
    rest: null,
  });
});

test("a problem without a field keeps the whole error in view", () => {
  const error = refused({ path: "username", message: "is taken" }, { path: "role", message: "no" });
  expect(fieldProblems(error, fields)).toEqual({ at: { name: "Is taken." }, rest: error });
});

test.each([[null], [new Error("lost")]])(
  "an error without problems, %s, is left as it is",
  (error) => {
    expect(fieldProblems(error, fields)).toEqual({ at: {}, rest: error });
  },
);
