import {
  type Completion,
  type CompletionContext,
  type CompletionResult,
  snippetCompletion,
} from "@codemirror/autocomplete";
import { javascript, javascriptLanguage } from "@codemirror/lang-javascript";
import { python, pythonLanguage } from "@codemirror/lang-python";
import { keywordCompletionSource, PostgreSQL, SQLDialect } from "@codemirror/lang-sql";
import { EditorState, type Extension } from "@codemirror/state";
import functions from "../../lib/expression-functions.json";
import type { Language } from "./fields";
import type { Named } from "./offers";
import type { Column } from "./surroundings";

type Names = () => Promise<Named[]>;

type Known = { columns: Column[]; names: Names };

/** A language with what may be written in it: columns, functions and placeholders. */
export function languageFor(language: Language, known: Known): Extension {
  switch (language) {
    case "expression":
      return [expressions.extension, offering(expressionWords(known.columns), known.names)];
    case "sql":
      return [
        PostgreSQL.extension,
        EditorState.languageData.of(() => keywords),
        offering([...tables, ...columnWords(known.columns)], known.names),
      ];
    case "python":
      return [
        python(),
        pythonLanguage.data.of({ autocomplete: source(scriptWords(known.columns)) }),
      ];
    case "javascript":
      return [
        javascript(),
        javascriptLanguage.data.of({ autocomplete: source(scriptWords(known.columns)) }),
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

const ofSql = keywordCompletionSource(PostgreSQL, true);

/** The words of SQL, but not within a name. */
const keywords = [
  {
    autocomplete: (context: CompletionContext) =>
      context.matchBefore(/\$\{[\w.-]*/) ? null : ofSql(context),
  },
];

/** Words that complete in every place of a text. */
function offering(words: Completion[], names: Names): Extension {
  // Made once: the editor asks for it again and again, and knows it by being the same.
  const data = [{ autocomplete: source(words, names) }];
  return EditorState.languageData.of(() => data);
}

function source(words: Completion[], names?: Names) {
  return (context: CompletionContext) => {
    const open = names && context.matchBefore(/\$\{?[\w.-]*/);
    if (open) return naming(open.from, names);
    const word = context.matchBefore(/[\p{L}_"][\p{L}\p{N}_]*/u);
    if (!word && !context.explicit) return null;
    return { from: word?.from ?? context.pos, options: words, validFor: /^[\p{L}\p{N}_"]*$/u };
  };
}

async function naming(from: number, names: Names): Promise<CompletionResult | null> {
  const known = await names();
  if (known.length === 0) return null;
  return { from, options: known.map(nameOption), validFor: /^\$\{?[\w.-]*$/ };
}

/** A name to be put in; the bracket that the editor has closed by itself goes with what was typed. */
function nameOption({ name, hint }: Named): Completion {
  const label = `\${${name}}`;
  return {
    label,
    detail: hint,
    apply: (view, _, from, to) => {
      const end = view.state.sliceDoc(to, to + 1) === "}" ? to + 1 : to;
      view.dispatch({
        changes: { from, to: end, insert: label },
        selection: { anchor: from + label.length },
        userEvent: "input.complete",
      });
    },
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
