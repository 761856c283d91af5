import { Textarea } from "@mantine/core";
import type { FieldProps } from "./field-view";
import { fallbackText, wordsOf } from "./frame";
import { useSurroundings } from "./surroundings";
import { useDraft } from "./use-draft";
import { anyOf, anyText, jsonProblem } from "./values";

/** Any JSON: a number, an object, a list, or text, which needs no quotes. */
export function AnyField(props: FieldProps) {
  const { readOnly } = useSurroundings();
  const [text, setText] = useDraft(props.value, anyOf, anyText);
  const lines = text.split("\n").length;
  return (
    <Textarea
      {...wordsOf(props, jsonProblem(text))}
      value={text}
      placeholder={fallbackText(props)}
      readOnly={readOnly}
      rows={Math.min(12, lines)}
      spellCheck={false}
      styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
      onChange={({ currentTarget }) => {
        setText(currentTarget.value);
        props.onChange(anyOf(currentTarget.value));
      }}
    />
  );
}
