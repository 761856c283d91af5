import { ActionIcon, Switch, TextInput, Tooltip } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconTrash } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import type { Json, Problem } from "../../lib/model";
import { fieldOf, isObject } from "../form/fields";
import { MapField } from "../form/map-field";
import { Problems } from "../form/problem-list";
import { below, isUnder } from "../form/problems";
import { useSurroundings } from "../form/surroundings";
import { OfferedText } from "../form/text-field";
import { NativeSelect } from "../native-select";
import type { PanelProps } from "./form-panel";
import { NextTimes } from "./next-times";
import classes from "./pipeline-settings.module.css";
import { type Place, presets, schedulePreviewQuery, valueAt, zoneNames } from "./schedules";

type Props = PanelProps & { place: Place; onRemove: () => void };

/** One schedule: when, by which clock, and what becomes of times that were missed. */
export function ScheduleCard({ place, document, problems, onChange, onRemove }: Props) {
  const { readOnly } = useSurroundings();
  const { members, name } = place;
  const title = name || "Schedule";
  const timezone = textAt(document, members.timezone);
  const at = (path: (string | number)[]) => problemsAt(problems, path);
  return (
    <fieldset className={classes.schedule} aria-label={title}>
      {place.index !== undefined && (
        <TextInput
          label="Name"
          value={name}
          readOnly={readOnly}
          error={at(["schedules", place.index, "name"])}
          onChange={({ currentTarget }) =>
            onChange(["schedules", place.index ?? 0, "name"], currentTarget.value)
          }
        />
      )}
      <When place={place} document={document} problems={problems} onChange={onChange} />
      <OfferedText
        label="Time zone"
        offers={{ from: "values", values: zoneNames() }}
        value={timezone}
        placeholder="UTC"
        readOnly={readOnly}
        error={at(members.timezone)}
        onChange={(next) => onChange(members.timezone, next || undefined)}
      />
      <NativeSelect
        label="Times that were missed"
        description="While no server was there"
        disabled={readOnly}
        value={catchUpOf(valueAt(document, members.catchup))}
        error={at(members.catchup)}
        data={[
          { value: "", label: "One run for the last of them (default)" },
          { value: "none", label: "No run" },
          { value: "all", label: "A run for each, 50 at most" },
        ]}
        onChange={({ currentTarget }) =>
          onChange(members.catchup, currentTarget.value || undefined)
        }
      />
      {place.params && (
        <MapField
          field={paramsField}
          path={pathText(place.params)}
          value={objectAt(document, place.params)}
          problems={problems.filter(({ path }) => isUnder(path, pathText(place.params ?? [])))}
          names={{ from: "values", values: Object.keys(objectAt(document, ["params"]) ?? {}) }}
          values={paramValue}
          onChange={(next) => onChange(place.params ?? [], next)}
        />
      )}
      <div className={classes.foot}>
        <Switch
          size="xs"
          label="Paused"
          checked={valueAt(document, members.paused) === true}
          disabled={readOnly}
          onChange={({ currentTarget }) =>
            onChange(members.paused, currentTarget.checked || undefined)
          }
        />
        {!readOnly && (
          <Tooltip label="Remove">
            <ActionIcon aria-label={`Remove ${title}`} onClick={onRemove}>
              <IconTrash size={16} />
            </ActionIcon>
          </Tooltip>
        )}
      </div>
    </fieldset>
  );
}

/** The expression, or words that become one, and what it means. */
function When({ place, document, problems, onChange }: Omit<Props, "onRemove">) {
  const { readOnly } = useSurroundings();
  const { cron: path } = place.members;
  const cron = textAt(document, path);
  const timezone = textAt(document, place.members.timezone);
  const [asked] = useDebouncedValue(cron, 250);
  const preview = useQuery(schedulePreviewQuery(asked, timezone));
  const said = preview.data;
  const [writing, setWriting] = useState(false);
  const written = useRef(false);
  const meant = said?.valid && asked === cron ? said.cron : undefined;
  // The document has the expression: words become one when whoever wrote them has left.
  useEffect(() => {
    if (writing || !written.current || !meant || meant === cron) return;
    written.current = false;
    onChange(path, meant);
  });
  return (
    <>
      <div className={classes.when}>
        <TextInput
          label="When"
          description='Five fields, or words such as "every weekday at 9"'
          value={cron}
          readOnly={readOnly}
          error={problemsAt(problems, path)}
          // Its own schedule must not vanish while its text is written anew.
          onChange={({ currentTarget }) => {
            written.current = true;
            onChange(path, currentTarget.value || " ");
          }}
          onFocus={() => setWriting(true)}
          onBlur={() => setWriting(false)}
        />
        {!readOnly && (
          <NativeSelect
            aria-label="Usual schedules"
            value={presets.some(({ value }) => value === cron) ? cron : ""}
            data={[{ value: "", label: "Usual schedules" }, ...presets]}
            onChange={({ currentTarget }) =>
              currentTarget.value && onChange(path, currentTarget.value)
            }
          />
        )}
      </div>
      <NextTimes preview={said} asked={asked} timezone={timezone || "UTC"} />
    </>
  );
}

const paramsField = fieldOf(
  "params",
  { title: "Parameters of its runs", type: "object", additionalProperties: { type: "string" } },
  false,
);
const paramValue = fieldOf("", { type: "string" }, true);

function problemsAt(problems: Problem[], path: (string | number)[]) {
  const here = problems.filter((problem) => isUnder(problem.path, pathText(path)));
  return here.length > 0 ? <Problems problems={here} /> : undefined;
}

function pathText(path: (string | number)[]): string {
  return path.reduce<string>((all, step) => below(all, step), "");
}

function textAt(document: PanelProps["document"], path: (string | number)[]): string {
  const value = valueAt(document, path);
  return typeof value === "string" ? value.trimStart() : "";
}

function objectAt(document: PanelProps["document"], path: (string | number)[]) {
  const value = valueAt(document, path);
  return isObject(value) ? value : undefined;
}

/** What becomes of missed times, in the newer of the words that documents have for it. */
function catchUpOf(value: Json | undefined): string {
  if (value === true || value === "all") return "all";
  return value === "none" ? "none" : "";
}
