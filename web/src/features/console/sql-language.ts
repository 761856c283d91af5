import { PostgreSQL, sql } from "@codemirror/lang-sql";
import { type Extension, Prec } from "@codemirror/state";
import { keymap } from "@codemirror/view";
import { beforeAlias, type RunTable } from "../../lib/console";

/** SQL that offers the tables of a run with their columns, and runs with Ctrl+Enter. */
export function sqlLanguage(tables: RunTable[], before: RunTable[], run: () => void): Extension {
  const schema: Record<string, string[]> = {};
  for (const { table, columns } of tables) schema[table] = columns.map(({ name }) => name);
  for (const { table, columns } of before) {
    schema[`${beforeAlias}_${table}`] = columns.map(({ name }) => name);
  }
  const onRun = () => {
    run();
    return true;
  };
  return [
    sql({ dialect: PostgreSQL, schema, upperCaseKeywords: true }),
    Prec.highest(keymap.of([{ key: "Mod-Enter", run: onRun }])),
  ];
}
