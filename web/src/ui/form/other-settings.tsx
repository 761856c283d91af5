import { ActionIcon, Tooltip } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import type { Problem, Settings } from "../../lib/model";
import { AnyField } from "./any-field";
import classes from "./form.module.css";
import { FreeSettings } from "./map-field";
import { Problems } from "./problem-list";
import { suggestionIn } from "./problems";
import { useSurroundings } from "./surroundings";
import { withMember } from "./values";

type Props = {
  known: string[];
  /** Settings of any name are taken. */
  free: boolean;
  value: Settings;
  path: string;
  problemsOf: (key: string) => Problem[];
  onChange: (next: Settings) => void;
};

/** Settings that the schema does not name: they are kept, and seen. */
export function OtherSettings({ known, free, value, path, problemsOf, onChange }: Props) {
  const keys = Object.keys(value).filter((key) => !known.includes(key));
  const others = Object.fromEntries(keys.map((key) => [key, value[key] ?? null]));
  if (free) {
    const mine = Object.entries(value).filter(([key]) => known.includes(key));
    return (
      <FreeSettings
        path={path}
        value={others}
        problems={keys.flatMap(problemsOf)}
        onChange={(next) => onChange({ ...Object.fromEntries(mine), ...next })}
      />
    );
  }
  if (keys.length === 0) return null;
  return (
    <fieldset className={classes.group}>
      <legend className={classes.legend}>Settings that are not known here</legend>
      {keys.map((key) => (
        <UnknownSetting
          key={key}
          name={key}
          object={value}
          problems={problemsOf(key)}
          onChange={onChange}
        />
      ))}
    </fieldset>
  );
}

type UnknownProps = {
  name: string;
  object: Settings;
  problems: Problem[];
  onChange: (next: Settings) => void;
};

function UnknownSetting({ name, object, problems, onChange }: UnknownProps) {
  const { readOnly } = useSurroundings();
  const field = {
    key: name,
    title: name,
    help: "",
    required: false,
    fallback: undefined,
    old: false,
    everyNode: false,
    secrets: false,
    control: { kind: "any" as const },
  };
  // What a message suggests is another name, not another value.
  const misspelt = problems.filter(({ message }) => suggestionIn(message)?.of === undefined);
  const instead = misspelt.map(({ message }) => suggestionIn(message)?.instead).find(Boolean);
  return (
    <div>
      <div className={classes.entry}>
        <div className={classes.entryBody}>
          <AnyField
            field={field}
            path={name}
            value={object[name]}
            problems={instead ? [] : problems}
            onChange={(next) => onChange({ ...object, [name]: next ?? "" })}
          />
        </div>
        {!readOnly && (
          <Tooltip label="Remove">
            <ActionIcon
              aria-label={`Remove ${name}`}
              onClick={() => onChange(withMember(object, name, undefined))}
            >
              <IconTrash size={16} />
            </ActionIcon>
          </Tooltip>
        )}
      </div>
      {instead && (
        <Problems
          problems={misspelt.map(({ path, message }) => ({
            path,
            message: `"${name}" ${message}`,
          }))}
          value={object}
          onChange={(next) => typeof next === "object" && onChange(next as Settings)}
        />
      )}
    </div>
  );
}
