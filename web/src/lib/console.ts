import { queryOptions } from "@tanstack/react-query";
import { get, post, send } from "./api";
import type { components } from "./api-types";
import type { Json } from "./model";
import { keys } from "./queries";

/** The rows of a node of a run, as SQL names them. */
export type RunTable = components["schemas"]["Table"];

/** The answer to a query. */
export type Answer = Omit<components["schemas"]["Answer"], "rows"> & { rows: Json[][] };

/** What a query asks: of a run and, to compare, of another one called before. */
export type Question = { run: string; before?: string; sql: string };

/** The formats in which an answer can be had as a file. */
export const fileFormats = [
  { format: "csv", label: "CSV", spreadsheet: false },
  { format: "csv", label: "CSV for spreadsheets", spreadsheet: true },
  { format: "ndjson", label: "JSON lines", spreadsheet: false },
  { format: "parquet", label: "Parquet", spreadsheet: false },
] as const;

export type FileFormat = (typeof fileFormats)[number];

/** How many rows of an answer are shown; the file has more. */
export const mostRows = 10_000;

/** The alias of the run that an answer is compared with. */
export const beforeAlias = "before";

/** What can be queried of a run. */
export const tablesQuery = (run: string) =>
  queryOptions({
    queryKey: [...keys.run(run), "tables"],
    queryFn: ({ signal }) => get<RunTable[]>(`${pathOf(run)}/tables`, { signal }),
  });

/** Answers a query; a signal that is aborted stops it on the server. */
export function ask(question: Question, signal: AbortSignal): Promise<Answer> {
  const body = { ...bodyOf(question), rows: mostRows };
  return post<Answer>(`${pathOf(question.run)}/query`, body, { signal });
}

/** Answers a query by a file that the browser saves; tells whether the file was cut. */
export async function download(question: Question, as: FileFormat): Promise<boolean> {
  const { format, spreadsheet } = as;
  const body = { ...bodyOf(question), format, ...(spreadsheet && { spreadsheet }) };
  const path = `${pathOf(question.run)}/query/export`;
  const answer = await send("POST", path, { headers: { Accept: "*/*" } }, JSON.stringify(body));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = `query.${format}`;
  link.click();
  // The browser has begun to save it by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  return answer.headers.get("X-Truncated") === "true";
}

function bodyOf({ sql, before }: Question): object {
  return { sql, ...(before && { with: [{ run_id: before, as: beforeAlias }] }) };
}

function pathOf(run: string): string {
  return `/api/runs/${encodeURIComponent(run)}`;
}

/** A name as SQL writes it: in quotes, unless it is plain. */
export function sqlName(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) && !reserved.has(name)
    ? name
    : `"${name.replaceAll('"', '""')}"`;
}

/** Plain names that SQL takes for something else. */
const reserved = new Set(
  "all and any as asc between case cast check column constraint create cross default desc distinct do else end except false for foreign from full grant group having in inner intersect into is join lateral left like limit natural not null offset on only or order outer pivot primary qualify references returning right select show some summarize table then to true union unique unpivot using variadic when where window with".split(
    " ",
  ),
);

/** The first question about a table. */
export function firstRowsOf(table: string): string {
  return `SELECT *\nFROM ${sqlName(table)}\nLIMIT 1000`;
}
