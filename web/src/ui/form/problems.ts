import type { Json, Problem } from "../../lib/model";
import { isObject } from "./fields";

/** The path of a member or an entry below path, as the server writes it. */
export function below(path: string, step: string | number): string {
  if (typeof step === "number") return `${path}[${step}]`;
  const name = step === "" ? '""' : step;
  return path === "" ? name : `${path}.${name}`;
}

/** Whether a path is at or under another. */
export function isUnder(path: string, top: string): boolean {
  if (top === "" || path === top) return true;
  return path.startsWith(`${top}.`) || path.startsWith(`${top}[`);
}

export type Sorted = { own: Problem[]; of: (path: string) => Problem[] };

/**
 * Gives every problem to the innermost of the places where it belongs; own are those that
 * belong to none of them. Names may have dots, so that the longest path wins.
 */
export function sortProblems(problems: Problem[], places: string[]): Sorted {
  const of = new Map<string, Problem[]>();
  const own: Problem[] = [];
  const longest = places.toSorted((a, b) => b.length - a.length);
  for (const problem of problems) {
    const place = longest.find((one) => isUnder(problem.path, one));
    if (place === undefined) own.push(problem);
    else of.set(place, [...(of.get(place) ?? []), problem]);
  }
  return { own, of: (path) => of.get(path) ?? [] };
}

/** A message as a sentence. */
export function sentence(message: string): string {
  const first = message.charAt(0).toUpperCase() + message.slice(1);
  return /[.!?]\)?$/.test(first) ? first : `${first}.`;
}

/** What a message suggests in place of what. */
export type Suggestion = { instead: string; of: string | undefined };

const quoted = String.raw`"((?:[^"\\]|\\.)*)"`;
const meant = new RegExp(String.raw`\(did you mean ${quoted}\?\)`);
const unknownName = /\$\{([a-z]+\.[A-Za-z0-9_.-]+)\} has no value \(did/;

/** The suggestion in a message such as `there is no column "amonut" (did you mean "amount"?)`. */
export function suggestionIn(message: string): Suggestion | undefined {
  const found = meant.exec(message);
  if (!found) return undefined;
  const name = unknownName.exec(message);
  const before = [...message.slice(0, found.index).matchAll(new RegExp(quoted, "g"))].at(-1);
  const of = name?.[1] ?? (before && unquote(before[1] ?? ""));
  return { instead: unquote(found[1] ?? ""), of };
}

/** The message for where the suggestion is a button. */
export function withoutSuggestion(message: string): string {
  return message.replace(meant, "").replace(/\s+([;:,.]|$)/g, "$1");
}

function unquote(text: string): string {
  try {
    return String(JSON.parse(`"${text}"`));
  } catch {
    return text;
  }
}

/** The value with the suggestion in place of what was wrong; undefined when that is not in it. */
export function applySuggestion(value: Json, { instead, of }: Suggestion): Json | undefined {
  if (of === undefined || of === "") return undefined;
  if (typeof value === "string") return inText(value, of, instead);
  if (Array.isArray(value)) {
    return value.includes(of) ? value.map((one) => (one === of ? instead : one)) : undefined;
  }
  if (isObject(value) && of in value && !(instead in value)) {
    return Object.fromEntries(
      Object.entries(value).map(([key, one]) => [key === of ? instead : key, one]),
    );
  }
  return undefined;
}

function inText(text: string, wrong: string, right: string): string | undefined {
  if (text === wrong) return right;
  const escaped = wrong.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  const word = new RegExp(String.raw`(?<![\p{L}\p{N}_])${escaped}(?![\p{L}\p{N}_])`, "giu");
  const plain = /^[\p{L}_][\p{L}\p{N}_]*$/u.test(right);
  if (!word.test(text)) return undefined;
  const put = plain || text.includes(`"${wrong}"`) || text.includes(`{${wrong}}`);
  return text.replace(word, () => (put ? right : `"${right}"`));
}
