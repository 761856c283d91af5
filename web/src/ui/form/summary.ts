import type { Json } from "../../lib/model";
import { type Control, isObject } from "./fields";

const longest = 80;

/** An entry of a list in a line: which form it takes, and what it says. */
export function summaryOf(control: Control, value: Json | undefined): string {
  if (!isObject(value)) return value === undefined ? "" : cut(wordOf(value));
  const form =
    control.kind === "forms"
      ? control.forms.find(({ tag, aliases }) =>
          [tag, ...aliases].includes(String(value[control.tag])),
        )
      : undefined;
  const tag = control.kind === "forms" ? control.tag : "";
  const words = Object.entries(value)
    .filter(([key]) => key !== tag)
    .map(([, one]) => wordOf(one))
    .filter(Boolean);
  const title = form?.title ?? String(value[tag] ?? "");
  return cut([title, words.join(", ")].filter(Boolean).join(": ")) || "Nothing yet";
}

function wordOf(value: Json): string {
  if (Array.isArray(value)) return value.map(wordOf).filter(Boolean).join(", ");
  if (isObject(value)) {
    return Object.entries(value)
      .map(([key, one]) => `${key} ${wordOf(one)}`)
      .join(", ");
  }
  return value === null ? "" : String(value);
}

function cut(text: string): string {
  const line = text.replace(/\s+/g, " ");
  return line.length > longest ? `${line.slice(0, longest)}…` : line;
}
