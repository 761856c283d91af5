import { useRef } from "react";
import type { Settings } from "../../lib/model";
import { NativeSelect } from "../native-select";
import type { FieldProps } from "./field-view";
import { blankForm, type Form, isObject } from "./fields";
import classes from "./form.module.css";
import { Help, wordsOf } from "./frame";
import { Members } from "./group-field";
import { below, isUnder } from "./problems";
import { useSurroundings } from "./surroundings";
import { switchForm } from "./values";

type Props = FieldProps & { tag: string; forms: Form[] };

/** An object that takes one of some forms. What only one form has comes back with that form. */
export function FormsField({ tag, forms, ...props }: Props) {
  const { path, value, problems, onChange } = props;
  const before = useRef<Settings>({});
  const object = isObject(value) ? value : undefined;
  const form = formOf(forms, String(object?.[tag] ?? ""));
  const tagPath = below(path, tag);
  const ofTag = problems.filter((problem) => isUnder(problem.path, tagPath));
  const choose = (name: string) => {
    before.current = { ...before.current, ...object };
    const to = forms.find((one) => one.tag === name);
    if (!to) onChange(undefined);
    else {
      const next = object ? switchForm(object, tag, form, to, before.current) : {};
      onChange({ ...blankForm(tag, to), ...next });
    }
  };
  return (
    <div className={classes.stack}>
      <FormChoice {...props} tag={tag} forms={forms} form={form} problems={ofTag} choose={choose} />
      {object && (
        <Members
          key={form?.tag ?? ""}
          fields={form?.fields ?? []}
          free={false}
          besides={[tag]}
          path={path}
          value={object}
          problems={problems.filter((problem) => !ofTag.includes(problem))}
          onChange={onChange}
        />
      )}
    </div>
  );
}

type ChoiceProps = Props & { form: Form | undefined; choose: (name: string) => void };

function FormChoice({ tag, forms, form, choose, ...props }: ChoiceProps) {
  const { field, value, onChange, label } = props;
  const { readOnly } = useSurroundings();
  const object = isObject(value) ? value : {};
  const given = typeof object[tag] === "string" ? object[tag] : "";
  const words = wordsOf({
    ...props,
    field: { ...field, help: form?.help ?? field.help },
    value: given,
    onChange: (next) => onChange({ ...object, ...(next === undefined ? {} : { [tag]: next }) }),
  });
  const none = label === undefined && !field.required ? "None" : "Choose";
  return (
    <>
      <NativeSelect
        {...words}
        value={form?.tag ?? given}
        disabled={readOnly}
        data={[
          ...(none === "None" || given === "" ? [{ value: "", label: none }] : []),
          ...forms.map((one) => ({ value: one.tag, label: one.title })),
          ...(form || given === "" ? [] : [{ value: given, label: `${given} (unknown)` }]),
        ]}
        onChange={({ currentTarget }) => choose(currentTarget.value)}
      />
      {label !== undefined && form?.help && (
        <p className={classes.help}>
          <Help text={form.help} />
        </p>
      )}
    </>
  );
}

export function formOf(forms: Form[], tag: string): Form | undefined {
  return forms.find((one) => one.tag === tag || one.aliases.includes(tag));
}
