import { NativeSelect } from "../native-select";
import type { FieldProps } from "./field-view";
import { wordsOf } from "./frame";
import { isName } from "./offers";
import { useSurroundings } from "./surroundings";

/** One of some values. A value that is none of them is kept until another is chosen. */
export function ChoiceField({ values, ...props }: FieldProps & { values: string[] }) {
  const { field, value, onChange } = props;
  const { readOnly } = useSurroundings();
  const given = typeof value === "string" ? value : "";
  const unset = field.required && field.fallback === undefined ? "Choose" : defaultWords(props);
  return (
    <NativeSelect
      {...wordsOf(props)}
      value={given}
      disabled={readOnly}
      data={[
        ...(values.includes("") ? [] : [{ value: "", label: unset }]),
        ...values.map((one) => ({ value: one, label: one })),
        ...(given !== "" && !values.includes(given)
          ? [{ value: given, label: isName(given) ? given : `${given} (unknown)` }]
          : []),
      ]}
      onChange={({ currentTarget }) => onChange(currentTarget.value || undefined)}
    />
  );
}

function defaultWords({ field }: FieldProps): string {
  return typeof field.fallback === "string" ? `${field.fallback} (default)` : "Not set";
}
