import {
  type Completion,
  type CompletionContext,
  type CompletionResult,
  snippetCompletion,
} from "@codemirror/autocomplete";
import { javascript, javascriptLanguage } from "@codemirror/lang-javascript";
import { python, pythonLanguage } from "@codemirror/lang-python";
import { PostgreSQL, SQLDialect, sql } from "@codemirror/lang-sql";
import { EditorState, type Extension } from "@codemirror/state";
import functions from "../../lib/expression-functions.json";
import type { Language } from "./fields";
import type { Column } from "./surroundings";

type Known = { columns: Column[]; placeholders: string[] };

/** A language with what may be written in it: columns, functions and placeholders. */
export function languageFor(language: Language, known: Known): Extension {
  switch (language) {
    case "expression":
      return [expressions.extension, offering(expressionWords(known.columns), known.placeholders)];
    case "sql":
      return [
        sql({ dialect: PostgreSQL, upperCaseKeywords: true }),
        offering([...tables, ...columnWords(known.columns)], known.placeholders),
      ];
    case "python":
      return [
        python(),
        pythonLanguage.data.of({ autocomplete: source(scriptWords(known.columns), []) }),
      ];
    case "javascript":
      return [
        javascript(),
        javascriptLanguage.data.of({ autocomplete: source(scriptWords(known.columns), []) }),
      ];
    case "shell":
      return [];
  }
}

const expressionKeywords = [
  "and",
  "or",
  "not",
  "in",
  "is",
  "like",
  "ilike",
  "between",
  "null",
  "true",
  "false",
  "case",
  "when",
  "then",
  "else",
  "end",
];

const expressions = SQLDialect.define({
  keywords: expressionKeywords.join(" "),
  types: "",
  builtin: functions.map(({ name }) => name).join(" "),
});

const tables: Completion[] = ["input", "input1", "input2"].map((label) => ({
  label,
  type: "type",
  detail: "input",
}));

/** Words that complete in every place of a text. */
function offering(words: Completion[], placeholders: string[]): Extension {
  // Made once: the editor asks for it again and again, and knows it by being the same.
  const data = [{ autocomplete: source(words, placeholders) }];
  return EditorState.languageData.of(() => data);
}

function source(words: Completion[], placeholders: string[]) {
  const names = placeholders.map((name) => ({ label: `\${${name}}`, detail: "placeholder" }));
  return (context: CompletionContext): CompletionResult | null => {
    const open = context.matchBefore(/\$\{?[\w.-]*/);
    if (open && names.length > 0) return { from: open.from, options: names, filter: true };
    const word = context.matchBefore(/[\p{L}_"][\p{L}\p{N}_]*/u);
    if (!word && !context.explicit) return null;
    return { from: word?.from ?? context.pos, options: words, validFor: /^[\p{L}\p{N}_"]*$/u };
  };
}

/** What an expression can be made of. */
export function expressionWords(columns: Column[]): Completion[] {
  return [
    ...columnWords(columns),
    ...functions.map(({ name, call, help }) =>
      snippetCompletion(`${name}(\${})`, {
        label: name,
        detail: call.slice(name.length),
        info: help,
        type: "function",
      }),
    ),
    ...expressionKeywords.map((label) => ({ label, type: "keyword", boost: -1 })),
  ];
}

function columnWords(columns: Column[]): Completion[] {
  return unique(columns).map(({ name, type }) => ({
    label: name,
    apply: columnInSql(name),
    detail: type,
    type: "property",
    boost: 2,
  }));
}

function scriptWords(columns: Column[]): Completion[] {
  const given = ["rows", "columns", "params", "config", "output_data"].map((label) => ({
    label,
    type: "variable",
    boost: 1,
  }));
  const names = unique(columns).map(({ name, type }) => ({
    label: name,
    apply: JSON.stringify(name),
    detail: type,
    type: "property",
  }));
  return [...given, ...names];
}

function unique(columns: Column[]): Column[] {
  return [...new Map(columns.map((column) => [column.name, column])).values()];
}

/** The name of a column as SQL and expressions write it. */
export function columnInSql(name: string): string {
  const plain = /^[A-Za-z_][A-Za-z0-9_]*$/.test(name);
  const reserved = expressionKeywords.includes(name.toLowerCase());
  return plain && !reserved ? name : `"${name.replaceAll('"', '""')}"`;
}
