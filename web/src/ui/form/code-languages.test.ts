import { CompletionContext, type CompletionResult } from "@codemirror/autocomplete";
import { EditorState } from "@codemirror/state";
import { expect, test } from "vitest";
import { columnInSql, languageFor } from "./code-languages";
import type { Language } from "./fields";

const known = {
  columns: [
    { name: "amount", type: "DOUBLE" },
    { name: "unit price", type: "DOUBLE" },
    { name: "unit price", type: "VARCHAR" },
  ],
  placeholders: ["param.month", "run.date"],
};

/** What is offered at the end of a text. */
function offered(language: Language, text: string): string[] {
  const state = EditorState.create({ doc: text, extensions: languageFor(language, known) });
  const context = new CompletionContext(state, text.length, false);
  const sources = state.languageDataAt<(at: CompletionContext) => CompletionResult | null>(
    "autocomplete",
    text.length,
  );
  return sources.flatMap((source) =>
    typeof source === "function" ? (source(context)?.options ?? []).map(({ label }) => label) : [],
  );
}

test("expressions are made of columns, functions and keywords", () => {
  const words = offered("expression", "am");
  expect(words.filter((word) => word === "unit price")).toHaveLength(1);
  expect(words).toEqual(expect.arrayContaining(["amount", "round", "coalesce", "between"]));
  expect(offered("expression", "amount > ")).toEqual([]);
  expect(offered("expression", "day = $")).toEqual([`\${param.month}`, `\${run.date}`]);
});

test("SQL has its inputs, and scripts what they find", () => {
  expect(offered("sql", "SELECT * FROM in")).toEqual(expect.arrayContaining(["input", "amount"]));
  expect(offered("python", "output_data = ro")).toEqual(expect.arrayContaining(["rows"]));
  expect(offered("javascript", "ro")).toEqual(expect.arrayContaining(["rows"]));
  expect(offered("shell", "ec")).toEqual([]);
});

test("names that are no words are quoted", () => {
  expect(["amount", "unit price", 'a"b', "case", "1st"].map(columnInSql)).toEqual([
    "amount",
    '"unit price"',
    '"a""b"',
    '"case"',
    '"1st"',
  ]);
});
