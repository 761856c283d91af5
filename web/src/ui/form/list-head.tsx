import type { Field } from "./fields";
import classes from "./form.module.css";
import { Help } from "./frame";
import { Asterisk } from "./group-field";

/** What a list is called and for. */
export function ListHead({ field, label }: { field: Field; label: string | undefined }) {
  return (
    <>
      <legend className={classes.label}>
        {label ?? field.title}
        {field.required && <Asterisk />}
      </legend>
      {field.help && (
        <p className={classes.help}>
          <Help text={field.help} />
        </p>
      )}
    </>
  );
}
