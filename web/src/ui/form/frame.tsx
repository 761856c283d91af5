import { UnstyledButton } from "@mantine/core";
import { type ReactNode, useState } from "react";
import type { FieldProps } from "./field-view";
import classes from "./form.module.css";
import { Problems } from "./problem-list";

/** So many characters of help are shown before somebody asks for more. */
const short = 120;

/** What a setting is for: its first sentence, and the rest when asked. */
export function Help({ text }: { text: string }) {
  const [whole, setWhole] = useState(false);
  const end = text.length > short ? text.slice(0, short).search(/[.:;] [^.:;]*$/) + 1 : 0;
  if (text.length <= short || whole) return <>{text}</>;
  return (
    <>
      {end > 20 ? text.slice(0, end) : `${text.slice(0, text.lastIndexOf(" ", short))} …`}{" "}
      <UnstyledButton className={classes.more} onClick={() => setWhole(true)}>
        More
      </UnstyledButton>
    </>
  );
}

/** The words around an input: its label, help and problems, or only a name in lists. */
export function wordsOf({ field, label, problems, value, onChange }: FieldProps, hint?: ReactNode) {
  const error =
    problems.length > 0 ? (
      <Problems problems={problems} value={value} onChange={onChange} />
    ) : undefined;
  if (label !== undefined) {
    return { "aria-label": label, ...(error || hint ? { error: error ?? hint } : {}) };
  }
  return {
    label: field.title,
    withAsterisk: field.required,
    ...(field.help ? { description: <Help text={field.help} /> } : {}),
    ...(error || hint ? { error: error ?? hint } : {}),
  };
}

/** The default of a setting as the text that stands in its empty field. */
export function fallbackText({ field }: Pick<FieldProps, "field">): string {
  const { fallback } = field;
  if (fallback === undefined || fallback === null || fallback === "") return "";
  return typeof fallback === "string" ? fallback : JSON.stringify(fallback);
}
