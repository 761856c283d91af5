import { TextInput } from "@mantine/core";
import type { Json } from "../../lib/model";
import type { FieldProps } from "./field-view";
import { fallbackText, wordsOf } from "./frame";
import { useSurroundings } from "./surroundings";
import { useDraft } from "./use-draft";
import { numberOf, numberProblem } from "./values";

type Props = FieldProps & { control: { whole: boolean; min?: number; max?: number } };

/** A number. What is none yet is kept as text, with the reason why it is none. */
export function NumberField({ control, ...props }: Props) {
  const { readOnly } = useSurroundings();
  const [text, setText] = useDraft(props.value, numberOf, textOf);
  return (
    <TextInput
      {...wordsOf(props, numberProblem(text, control))}
      inputMode={control.whole ? "numeric" : "decimal"}
      value={text}
      placeholder={fallbackText(props) || rangeOf(control)}
      readOnly={readOnly}
      onChange={(event) => {
        setText(event.currentTarget.value);
        props.onChange(numberOf(event.currentTarget.value));
      }}
    />
  );
}

function textOf(value: Json | undefined): string {
  return value === undefined ? "" : String(value);
}

/** The bounds in words, for a field that has no default; empty when there is no upper one worth telling. */
function rangeOf({ min, max }: Props["control"]): string {
  return min !== undefined && max !== undefined && max < 1e6 ? `${min} to ${max}` : "";
}
