import type { Answer } from "../../lib/console";
import { isNumeric } from "../../ui/cells";

/** A column of an answer, by its place. */
export type Column = { place: number; name: string };

/** What an answer can be drawn by: along the axis, and up. */
export type Choices = { along: Column[]; up: Column[] };

/** Points to draw: labels, or moments in seconds, along the axis, and a value for each. */
export type Series = { labels: string[]; moments: number[] | undefined; values: (number | null)[] };

/** How many points are drawn; more cannot be told apart. */
export const mostPoints = 2000;

export function choicesOf({ columns }: Answer): Choices {
  const all = columns.map(({ name, type }, place) => ({ place, name, type }));
  const up = all.filter(({ type }) => isNumeric(type));
  // What can be counted is rarely what is drawn along.
  const along = [...all.filter(({ type }) => !isNumeric(type)), ...up];
  return { along: along.map(named), up: up.map(named) };
}

function named({ place, name }: Column): Column {
  return { place, name };
}

export function seriesOf({ columns, rows }: Answer, along: number, up: number): Series {
  const shown = rows.slice(0, mostPoints);
  const labels = shown.map((row) => String(row[along] ?? ""));
  const values = shown.map((row) => {
    const value = row[up];
    const number = value === null || value === undefined ? Number.NaN : Number(value);
    return Number.isFinite(number) ? number : null;
  });
  return { labels, moments: momentsOf(columns[along]?.type ?? "", labels), values };
}

/** Days and times in seconds, when the column has them and they come in order. */
function momentsOf(type: string, labels: string[]): number[] | undefined {
  if (!/^(DATE|TIMESTAMP)/.test(type)) return undefined;
  const moments = labels.map((label) => Date.parse(zoned(label)) / 1000);
  const ordered = moments.every((at, i) => Number.isFinite(at) && at >= (moments[i - 1] ?? at));
  return ordered ? moments : undefined;
}

/** A moment without a zone is in UTC, as the engine has it. */
function zoned(label: string): string {
  const text = label.replace(" ", "T");
  return text.includes("T") && !/[Z+]/.test(text) ? `${text}Z` : text;
}
