import type { FieldProps } from "./field-view";
import { fallbackText, wordsOf } from "./frame";
import { OfferedArea } from "./offered-area";
import { useDraft } from "./use-draft";
import { anyOf, anyText, jsonProblem } from "./values";

/** Any JSON: a number, an object, a list, or text, which needs no quotes. */
export function AnyField(props: FieldProps) {
  const [text, setText] = useDraft(props.value, anyOf, anyText);
  const lines = text.split("\n").length;
  return (
    <OfferedArea
      {...wordsOf(props, jsonProblem(text))}
      value={text}
      placeholder={fallbackText(props)}
      secrets={props.field.secrets}
      rows={Math.min(12, lines)}
      spellCheck={false}
      styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
      onChange={(next) => {
        setText(next);
        props.onChange(anyOf(next));
      }}
    />
  );
}
