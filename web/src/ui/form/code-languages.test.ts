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
  names: async () => [
    { name: "param.month", hint: "" },
    { name: "run.date", hint: "" },
  ],
};

/** What is offered at the end of a text. */
async function offered(language: Language, text: string): Promise<string[]> {
  const state = EditorState.create({ doc: text, extensions: languageFor(language, known) });
  const context = new CompletionContext(state, text.length, false);
  const sources = state.languageDataAt<
    (at: CompletionContext) => CompletionResult | null | Promise<CompletionResult | null>
  >("autocomplete", text.length);
  const results = await Promise.all(
    sources.map((source) => (typeof source === "function" ? source(context) : null)),
  );
  return results.flatMap((result) => (result?.options ?? []).map(({ label }) => label));
}

test("expressions are made of columns, functions and keywords", async () => {
  const words = await offered("expression", "am");
  expect(words.filter((word) => word === "unit price")).toHaveLength(1);
  expect(words).toEqual(expect.arrayContaining(["amount", "round", "coalesce", "between"]));
  expect(await offered("expression", "amount > ")).toEqual([]);
  expect(await offered("expression", "day = $")).toEqual([`\${param.month}`, `\${run.date}`]);
});

test("SQL has its inputs, and scripts what they find", async () => {
  expect(await offered("sql", "SELECT * FROM in")).toEqual(
    expect.arrayContaining(["input", "amount"]),
  );
  expect(await offered("python", "output_data = ro")).toEqual(expect.arrayContaining(["rows"]));
  expect(await offered("javascript", "ro")).toEqual(expect.arrayContaining(["rows"]));
  expect(await offered("shell", "ec")).toEqual([]);
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
