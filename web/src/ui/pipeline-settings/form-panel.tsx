import type { Json, JsonSchema, Problem, Settings } from "../../lib/model";
import { fieldsOf } from "../form/fields";
import { Members } from "../form/group-field";
import { isUnder } from "../form/problems";
import { same } from "../form/values";
import { SettingsPanel } from "./settings-panel";

/** How a member of a document is set; undefined takes it away. */
export type Change = (path: (string | number)[], value: Json | undefined) => void;

export type PanelProps = { document: Settings; problems: Problem[]; onChange: Change };

type Props = PanelProps & { title: string; lead?: string; schema: JsonSchema };

/** A part of a document as the form of its schema. */
export function FormPanel({ title, lead, schema, document, problems, onChange }: Props) {
  const keys = Object.keys(schema.properties ?? {});
  const part = partOf(document, keys);
  return (
    <SettingsPanel title={title} lead={lead}>
      <Members
        fields={fieldsOf(schema, part)}
        free={false}
        path=""
        value={part}
        problems={problemsOf(problems, keys)}
        onChange={(next) => {
          for (const key of keys) {
            if (!same(next[key], part[key])) onChange([key], next[key]);
          }
        }}
      />
    </SettingsPanel>
  );
}

/** Of an object the members with some names; null counts as not there. */
function partOf(object: Settings, keys: string[]): Settings {
  return Object.fromEntries(
    keys.flatMap((key) => {
      const value = object[key];
      return value === undefined || value === null ? [] : [[key, value]];
    }),
  );
}

/** The problems of some members. */
export function problemsOf(problems: Problem[], keys: string[]): Problem[] {
  return problems.filter(({ path }) => path !== "" && keys.some((key) => isUnder(path, key)));
}
