import { useMemo, useState } from "react";
import type { JsonSchema, Problem, Settings } from "../../lib/model";
import { FieldView } from "./field-view";
import { fieldsOf, sectionsOf } from "./fields";
import classes from "./form.module.css";
import { OtherSettings } from "./other-settings";
import { Problems } from "./problem-list";
import { below, sortProblems } from "./problems";
import { Section } from "./section";
import { type Column, Surroundings, usualPlaceholders } from "./surroundings";
import { withMember } from "./values";

type Props = {
  /** Of the settings of a kind of node, as GET /api/node-types has it. */
  schema: JsonSchema;
  value: Settings;
  /** Paths begin inside the settings: "rules[0].column". */
  problems: Problem[];
  /** Of the rows that come in; offered where a setting names a column. */
  columns: Column[];
  /**
   * Where settings may have names: those that are offered besides the ones of every run and
   * of the workspace, such as "param.month".
   */
  placeholders?: string[];
  onChange: (next: Settings) => void;
  readOnly?: boolean;
};

/**
 * A form made of a JSON Schema. It writes what people set and nothing else: defaults stay
 * unwritten, and settings that the schema does not know are shown and kept. What cannot be
 * read as the schema wants it, such as half a number, is kept as the text that it is.
 */
export function SchemaForm({
  schema,
  value,
  problems,
  columns,
  placeholders,
  onChange,
  readOnly = false,
}: Props) {
  // By what it says, as callers make it anew with every key that is pressed.
  const known = JSON.stringify([
    columns,
    placeholders ? [...placeholders, ...usualPlaceholders] : [],
  ]);
  const around = useMemo(() => {
    const [columns, placeholders] = JSON.parse(known) as [Column[], string[]];
    return { columns, placeholders, readOnly };
  }, [known, readOnly]);
  return (
    <Surroundings value={around}>
      <div className={classes.form}>
        <TopFields schema={schema} value={value} problems={problems} onChange={onChange} />
      </div>
    </Surroundings>
  );
}

type TopProps = Pick<Props, "schema" | "value" | "problems" | "onChange">;

function TopFields({ schema, value, problems, onChange }: TopProps) {
  // Which settings come first is decided once, so that none moves while it is written.
  const [atFirst] = useState(() =>
    sectionsOf(fieldsOf(schema), (key) => value[key] !== undefined).first.map(({ key }) => key),
  );
  const fields = fieldsOf(schema, value);
  const live = fields.filter(
    ({ key, old }) => !old || value[key] !== undefined || atFirst.includes(key),
  );
  const sorted = sortProblems(problems, [
    ...live.map(({ key }) => key),
    ...othersOf(schema, value),
  ]);
  const own = live.filter(({ everyNode }) => !everyNode);
  const parts = {
    first: own.filter(({ key }) => atFirst.includes(key)),
    more: own.filter(({ key }) => !atFirst.includes(key)),
    everyNode: live.filter(({ everyNode }) => everyNode),
  };
  const view = (field: (typeof fields)[number]) => (
    <FieldView
      key={field.key}
      field={field}
      path={field.key}
      value={value[field.key]}
      problems={sorted.of(field.key)}
      onChange={(next) => onChange(withMember(value, field.key, next))}
    />
  );
  const inTrouble = (list: typeof fields) => list.some(({ key }) => sorted.of(key).length > 0);
  const set = (list: typeof fields) => list.filter(({ key }) => value[key] !== undefined).length;
  return (
    <>
      <Problems problems={sorted.own} />
      {parts.first.map(view)}
      {parts.more.length > 0 && (
        <Section title="More settings" set={set(parts.more)} open={inTrouble(parts.more)}>
          {parts.more.map(view)}
        </Section>
      )}
      <OtherSettings
        known={fields.map(({ key }) => key)}
        free={typeof schema.additionalProperties === "object"}
        value={value}
        path=""
        problemsOf={(key) => sorted.of(below("", key))}
        onChange={onChange}
      />
      {parts.everyNode.length > 0 && (
        <Section
          title="Retries, time limit and failure"
          set={set(parts.everyNode)}
          open={inTrouble(parts.everyNode)}
        >
          {parts.everyNode.map(view)}
        </Section>
      )}
    </>
  );
}

function othersOf(schema: JsonSchema, value: Settings): string[] {
  return Object.keys(value)
    .filter((key) => !(key in (schema.properties ?? {})))
    .map((key) => below("", key));
}
