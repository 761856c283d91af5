import { Switch } from "@mantine/core";
import type { FieldProps } from "./field-view";
import { wordsOf } from "./frame";
import { useSurroundings } from "./surroundings";

/** Yes or no; what is the default is not written. */
export function SwitchField(props: FieldProps) {
  const { field, value, onChange } = props;
  const { readOnly } = useSurroundings();
  const { withAsterisk: _, ...words } = { withAsterisk: false, ...wordsOf(props) };
  return (
    <Switch
      size="xs"
      {...words}
      checked={(value ?? field.fallback) === true}
      disabled={readOnly}
      onChange={(event) => {
        const next = event.currentTarget.checked;
        onChange(next === field.fallback && !field.required ? undefined : next);
      }}
    />
  );
}
