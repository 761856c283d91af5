import type { Json } from "../../lib/model";
import type { Pin, PinnedRows } from "../../lib/trials";

/** Pinned rows as text to edit, a row a line. */
export function pinnedText({ rows }: PinnedRows): string {
  if (rows.length === 0) return "[]";
  return `[\n${rows.map((row) => `  ${JSON.stringify(row)}`).join(",\n")}\n]`;
}

/**
 * The rows that a text says, or what is wrong with it. Their columns keep their types,
 * unless one has come: then all types are those that the values look like.
 */
export function readPinned(text: string, before: Pin): PinnedRows | string {
  let rows: unknown;
  try {
    rows = JSON.parse(text);
  } catch (error) {
    return `This is not JSON: ${error instanceof Error ? error.message : error}`;
  }
  if (!isRows(rows)) return 'Write a list of rows, such as [{"city": "Vienna"}].';
  const columns = before.columns ?? [];
  const known = new Set(columns.map(({ name }) => name));
  const same =
    columns.length > 0 && rows.every((row) => Object.keys(row).every((key) => known.has(key)));
  return same ? { columns, rows } : { rows };
}

function isRows(value: unknown): value is Record<string, Json>[] {
  return (
    Array.isArray(value) &&
    value.every((row) => typeof row === "object" && row !== null && !Array.isArray(row))
  );
}
