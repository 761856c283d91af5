import type { Json, Settings } from "../../lib/model";
import type { Form } from "./fields";

/** What a number field holds as a value: nothing, a number, or what was typed when it is none. */
export function numberOf(text: string): Json | undefined {
  const trimmed = text.trim();
  if (trimmed === "") return undefined;
  const number = Number(trimmed);
  return plainNumber.test(trimmed) && Number.isFinite(number) ? number : text;
}

const plainNumber = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** Why a text is no number that a field takes; undefined when it is one, or nothing. */
export function numberProblem(
  text: string,
  { whole, min, max }: { whole: boolean; min?: number; max?: number },
): string | undefined {
  const number = numberOf(text);
  if (number === undefined) return undefined;
  if (typeof number !== "number") return "This is not a number.";
  if (whole && !Number.isInteger(number)) return "This must be a whole number.";
  if (min !== undefined && number < min) return `This must be at least ${min}.`;
  if (max !== undefined && number > max) return `This must be at most ${max}.`;
  return undefined;
}

/** A text that stands for any JSON: what is JSON is that, and everything else is text as it is. */
export function anyOf(text: string): Json | undefined {
  if (text.trim() === "") return undefined;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

/** The text that anyOf reads as the value; text that would be read as something else is quoted. */
export function anyText(value: Json | undefined): string {
  if (value === undefined) return "";
  if (typeof value !== "string") return JSON.stringify(value, undefined, 2);
  return value !== "" && anyOf(value) === value ? value : JSON.stringify(value);
}

/** Why a text that begins like an object, a list or a quoted text is none; undefined when it is. */
export function jsonProblem(text: string): string | undefined {
  if (!/^\s*[{["]/.test(text)) return undefined;
  try {
    JSON.parse(text);
    return undefined;
  } catch {
    return "This is not JSON yet, so it counts as text.";
  }
}

/** The object with a member set or, when value is undefined, without it; members keep their order. */
export function withMember(object: Settings, key: string, value: Json | undefined): Settings {
  if (value !== undefined) return { ...object, [key]: value };
  const { [key]: _, ...others } = object;
  return others;
}

/** The list with the entry at one place moved to another; as it is when there is no such place. */
export function moved<T>(list: T[], from: number, to: number): T[] {
  const entry = list[from];
  if (entry === undefined || to < 0 || to >= list.length) return list;
  return list.toSpliced(from, 1).toSpliced(to, 0, entry);
}

/** A line of a map while it is written: two may have one name, which an object cannot. */
export type MapRow = {
  id: number;
  name: string;
  value: Json;
  /** The document has a member without a name, and this is it. */
  nameless?: boolean;
};

/** The object that rows stand for: of those with one name the first, and none that has no name yet. */
export function objectOf(rows: MapRow[]): Settings {
  const counted = rows.filter(
    ({ name, nameless }, place) => (name !== "" || nameless) && !isRepeated(rows, place),
  );
  return Object.fromEntries(counted.map(({ name, value }) => [name, value]));
}

/** Whether a row repeats the name of one before it, so that it counts for nothing. */
export function isRepeated(rows: MapRow[], place: number): boolean {
  const name = rows[place]?.name;
  return name !== "" && rows.slice(0, place).some((row) => row.name === name);
}

/** Whether two values are the same JSON, with members in the same order. */
export function same(a: Json | undefined, b: Json | undefined): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

/**
 * An object that takes another form: members that the new form has too stay, those that only
 * the old one had go, and those that neither knows stay. What was kept of the new form from
 * before comes back.
 */
export function switchForm(
  value: Settings,
  tag: string,
  from: Form | undefined,
  to: Form,
  kept: Settings = {},
): Settings {
  const known = new Set(to.fields.map(({ key }) => key));
  const gone = new Set(from?.fields.map(({ key }) => key).filter((key) => !known.has(key)));
  const stay = Object.entries(value).filter(([key]) => key !== tag && !gone.has(key));
  const back = Object.entries(kept).filter(([key]) => known.has(key));
  return { [tag]: to.tag, ...Object.fromEntries(back), ...Object.fromEntries(stay) };
}
