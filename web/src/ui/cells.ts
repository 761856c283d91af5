import type { Json } from "../lib/model";

/** A cell's value as one line of text. */
export function cellText(value: Json): string {
  if (value === null) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

const numericType =
  /^(u?(tiny|small|big|huge)?int(eger)?|double|float|real|decimal|numeric|number)/i;

/** Whether a column of this type reads better aligned by its last digit. */
export function isNumeric(type: string | undefined): boolean {
  return type !== undefined && numericType.test(type);
}
