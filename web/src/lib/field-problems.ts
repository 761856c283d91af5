import { ApiError } from "./api";

export type FieldProblems = {
  /** What is wrong with a field of the form, as a sentence. */
  at: Record<string, string>;
  /** The error, when some of it belongs to no field of the form. */
  rest: Error | null;
};

/** Sorts the problems of an answer to the fields of a form; a field may be known by several paths. */
export function fieldProblems(
  error: Error | null,
  fields: Record<string, readonly string[]>,
): FieldProblems {
  const problems = error instanceof ApiError ? error.problems : [];
  const at: Record<string, string> = {};
  let placed = 0;
  for (const { path, message } of problems) {
    const field = Object.keys(fields).find((name) => fields[name]?.includes(path));
    if (!field) continue;
    placed++;
    at[field] = at[field] ? `${at[field]} ${sentence(message)}` : sentence(message);
  }
  const allPlaced = placed > 0 && placed === problems.length;
  return { at, rest: allPlaced ? null : error };
}

function sentence(message: string): string {
  const first = message.charAt(0).toUpperCase() + message.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}
