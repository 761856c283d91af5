import { Button } from "@mantine/core";
import { useState } from "react";
import type { Json, Problem } from "../../lib/model";
import { AnyField } from "./any-field";
import { ChoiceField } from "./choice-field";
import { CodeField } from "./code-field";
import { type Field, fits } from "./fields";
import classes from "./form.module.css";
import { FormsField } from "./forms-field";
import { GroupField } from "./group-field";
import { ListField } from "./list-field";
import { MapField } from "./map-field";
import { NumberField } from "./number-field";
import { SwitchField } from "./switch-field";
import { LongTextField, SecretField, TextField } from "./text-field";

export type FieldProps = {
  field: Field;
  /** Where the value is in the settings, as problems name it. */
  path: string;
  value: Json | undefined;
  /** Those at the path and below it. */
  problems: Problem[];
  /** Undefined takes the setting away, so that its default holds. */
  onChange: (next: Json | undefined) => void;
  /** In place of a label that is seen, in lists. */
  label?: string;
};

/** A setting, to be edited in the way of its schema, or as JSON when it is something else. */
export function FieldView(props: FieldProps) {
  const { field, value } = props;
  const [asJson, setAsJson] = useState(false);
  const wrong = !fits(field.control, value);
  // It stays JSON while it is written, also when it begins to fit.
  if (wrong && !asJson) setAsJson(true);
  if (!asJson && !wrong) return <Fitting {...props} />;
  return (
    <div className={classes.mismatch}>
      <AnyField {...props} />
      {!wrong && (
        <Button size="compact-xs" variant="subtle" onClick={() => setAsJson(false)}>
          Back to the form
        </Button>
      )}
    </div>
  );
}

function Fitting(props: FieldProps) {
  const { control } = props.field;
  switch (control.kind) {
    case "text":
      return control.lines ? (
        <LongTextField {...props} />
      ) : (
        <TextField {...props} offers={control.offers} mayBeEmpty={control.mayBeEmpty} />
      );
    case "secret":
      return <SecretField {...props} />;
    case "code":
      return <CodeField {...props} language={control.language} />;
    case "number":
      return <NumberField {...props} control={control} />;
    case "switch":
      return <SwitchField {...props} />;
    case "choice":
      return <ChoiceField {...props} values={control.values} />;
    case "list":
      return <ListField {...props} items={control.items} />;
    case "map":
      return <MapField {...props} names={control.names} values={control.values} />;
    case "group":
      return <GroupField {...props} fields={control.fields} free={control.free !== undefined} />;
    case "forms":
      return <FormsField {...props} tag={control.tag} forms={control.forms} />;
    case "any":
      return <AnyField {...props} />;
  }
}
