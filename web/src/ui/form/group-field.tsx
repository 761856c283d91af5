import type { Settings } from "../../lib/model";
import { type FieldProps, FieldView } from "./field-view";
import { type Field, isObject } from "./fields";
import classes from "./form.module.css";
import { Help } from "./frame";
import { OtherSettings } from "./other-settings";
import { Problems } from "./problem-list";
import { below, sortProblems } from "./problems";
import { withMember } from "./values";

type Props = FieldProps & { fields: Field[]; free: boolean };

/** An object with settings of its own. One that need not be there goes with its last setting. */
export function GroupField({ fields, free, ...props }: Props) {
  const { field, label, value, onChange } = props;
  const object = isObject(value) ? value : {};
  // A group that takes nothing and has nothing is nothing to look at.
  if (fields.length === 0 && !free && Object.keys(object).length === 0 && !props.problems.length) {
    return null;
  }
  const change = (next: Settings) => {
    const gone = Object.keys(next).length === 0 && !field.required && label === undefined;
    onChange(gone ? undefined : next);
  };
  const members = (
    <Members {...props} fields={fields} free={free} value={object} onChange={change} />
  );
  if (label !== undefined) {
    return (
      <fieldset className={classes.plain} aria-label={label}>
        {members}
      </fieldset>
    );
  }
  return (
    <fieldset className={classes.group}>
      <legend className={classes.legend}>
        {field.title}
        {field.required && <Asterisk />}
      </legend>
      {field.help && (
        <p className={classes.help}>
          <Help text={field.help} />
        </p>
      )}
      {members}
    </fieldset>
  );
}

export function Asterisk() {
  return (
    <span aria-hidden="true" className={classes.asterisk}>
      {" "}
      *
    </span>
  );
}

type MembersProps = Pick<FieldProps, "path" | "problems"> & {
  fields: Field[];
  free: boolean;
  value: Settings;
  onChange: (next: Settings) => void;
  /** Members that are looked after elsewhere. */
  besides?: string[];
};

/** The settings of an object, then those that its schema does not know. */
export function Members({
  fields,
  free,
  path,
  value,
  problems,
  onChange,
  besides = [],
}: MembersProps) {
  const known = [...fields.map(({ key }) => key), ...besides];
  const places = [...new Set([...known, ...Object.keys(value)])].map((key) => below(path, key));
  const sorted = sortProblems(problems, places);
  const shown = fields.filter(
    ({ key, old }) => !old || value[key] !== undefined || sorted.of(below(path, key)).length > 0,
  );
  return (
    <>
      <Problems problems={sorted.own} />
      <div className={classes.grid}>
        {shown.map((field, place) => (
          <div key={field.key} className={isBeside(shown, place) ? classes.small : classes.wide}>
            <FieldView
              field={field}
              path={below(path, field.key)}
              value={value[field.key]}
              problems={sorted.of(below(path, field.key))}
              onChange={(next) => onChange(withMember(value, field.key, next))}
            />
          </div>
        ))}
      </div>
      <OtherSettings
        known={known}
        free={free}
        value={value}
        path={path}
        problemsOf={(key) => sorted.of(below(path, key))}
        onChange={onChange}
      />
    </>
  );
}

/** Whether a field stands beside another one: both are small. */
function isBeside(fields: Field[], place: number): boolean {
  const small = (at: number) => fields[at] !== undefined && isSmall(fields[at]);
  return small(place) && (small(place - 1) || small(place + 1));
}

/** Whether a field is small enough to stand beside others. */
function isSmall({ control, help, title }: Field): boolean {
  if (control.kind === "text" && (control.lines || title.length > 24)) return false;
  return ["text", "number", "choice"].includes(control.kind) && help.length < 160;
}
