import type { Json } from "../../lib/model";
import type { FieldProps } from "./field-view";
import { fallbackText, wordsOf } from "./frame";
import { isName } from "./offers";
import { useSurroundings } from "./surroundings";
import { OfferedText } from "./text-field";
import { useDraft } from "./use-draft";
import { numberOf, numberProblem } from "./values";

type Props = FieldProps & { control: { whole: boolean; min?: number; max?: number } };

/** A number. What is none yet is kept as text, with the reason why it is none. */
export function NumberField({ control, ...props }: Props) {
  const { readOnly } = useSurroundings();
  const [text, setText] = useDraft(props.value, numberOf, textOf);
  return (
    <OfferedText
      {...wordsOf(props, isName(text) ? undefined : numberProblem(text, control))}
      offers={{ from: "nothing" }}
      secrets={props.field.secrets}
      inputMode={control.whole ? "numeric" : "decimal"}
      value={text}
      placeholder={fallbackText(props) || rangeOf(control)}
      readOnly={readOnly}
      onChange={(next) => {
        setText(next);
        props.onChange(numberOf(next));
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
