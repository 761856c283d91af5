import { expect, test } from "vitest";
import { applySuggestion, below, sortProblems, suggestionIn, withoutSuggestion } from "./problems";

const at = (path: string) => ({ path, message: `about ${path}` });

test("paths are written as the server writes them", () => {
  expect(below("", "rules")).toBe("rules");
  expect(below("rules", 0)).toBe("rules[0]");
  expect(below("rules[0]", "column")).toBe("rules[0].column");
  expect(below("types", "")).toBe('types.""');
});

test("a problem belongs to the innermost place that it is in", () => {
  const list = [
    at("rules[1].column"),
    at("rules[10]"),
    at("rules"),
    at(""),
    at("types.a.b"),
    at("rulesx"),
  ];
  const { own, of } = sortProblems(list, ["rules[1]", "types.a", "types.a.b"]);
  expect(of("rules[1]")).toEqual([at("rules[1].column")]);
  expect(of("types.a.b")).toEqual([at("types.a.b")]);
  expect(of("types.a")).toEqual([]);
  expect(own).toEqual([at("rules[10]"), at("rules"), at(""), at("rulesx")]);
});

test("suggestions are found in messages", () => {
  expect(
    suggestionIn('there is no column "amonut" (did you mean "amount"?); there are: a'),
  ).toEqual({
    instead: "amount",
    of: "amonut",
  });
  expect(suggestionIn('must be one of a, "b", not "x\\"y" (did you mean "z\\"y"?)')).toEqual({
    instead: 'z"y',
    of: 'x"y',
  });
  expect(suggestionIn(`\${run.dat} has no value (did you mean "run.date"?)`)).toEqual({
    instead: "run.date",
    of: "run.dat",
  });
  expect(suggestionIn('is not a setting here (did you mean "mode"?)')).toEqual({
    instead: "mode",
    of: undefined,
  });
  expect(suggestionIn("must not be empty")).toBeUndefined();
});

test("where the suggestion is a button, the message goes without it", () => {
  expect(withoutSuggestion('there is no column "a" (did you mean "b"?); there are: c')).toBe(
    'there is no column "a"; there are: c',
  );
  expect(withoutSuggestion('there is no column "a" (did you mean "b"?)')).toBe(
    'there is no column "a"',
  );
});

test("a suggestion takes the place of the wrong word and of nothing else", () => {
  const amount = { instead: "amount", of: "amonut" };
  expect(applySuggestion("amonut", amount)).toBe("amount");
  expect(applySuggestion("amonut > 1 and amonuts < 2", amount)).toBe("amount > 1 and amonuts < 2");
  expect(applySuggestion('upper("amonut")', amount)).toBe('upper("amount")');
  expect(applySuggestion("pirce > 1", { instead: "unit price", of: "pirce" })).toBe(
    '"unit price" > 1',
  );
  expect(applySuggestion(`day = \${run.dat}`, { instead: "run.date", of: "run.dat" })).toBe(
    `day = \${run.date}`,
  );
  expect(applySuggestion(["id", "amonut"], amount)).toEqual(["id", "amount"]);
  expect(applySuggestion({ amonut: 1, b: 2 }, amount)).toEqual({ amount: 1, b: 2 });
  expect(applySuggestion({ amonut: 1, amount: 2 }, amount)).toBeUndefined();
  expect(applySuggestion("price", amount)).toBeUndefined();
  expect(applySuggestion(7, amount)).toBeUndefined();
  expect(applySuggestion("x", { instead: "mode", of: undefined })).toBeUndefined();
});
