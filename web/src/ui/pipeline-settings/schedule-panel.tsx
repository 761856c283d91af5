import { Button } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import type { Settings } from "../../lib/model";
import { Problems } from "../form/problem-list";
import { useSurroundings } from "../form/surroundings";
import { type PanelProps, problemsOf } from "./form-panel";
import { ScheduleCard } from "./schedule-card";
import { freeName, type Place, placesOf } from "./schedules";
import { SettingsPanel } from "./settings-panel";

const usual = "0 6 * * *";

/** When runs start by themselves: any number of schedules, each in a zone of its own. */
export function SchedulePanel({ document, problems, onChange }: PanelProps) {
  const { readOnly } = useSurroundings();
  const places = placesOf(document);
  const others = (Array.isArray(document.schedules) ? document.schedules : []) as Settings[];
  const own = problemsOf(problems, ["schedules"]).filter(({ path }) => path === "schedules");
  const add = () => {
    if (places.length === 0) onChange(["schedule"], usual);
    else onChange(["schedules"], [...others, { name: freeName(document), cron: usual }]);
  };
  const remove = ({ index, members }: Place) => {
    if (index !== undefined) {
      const left = others.toSpliced(index, 1);
      onChange(["schedules"], left.length > 0 ? left : undefined);
      return;
    }
    onChange(members.cron, "");
    for (const path of [members.timezone, members.paused, members.catchup]) {
      if (String(path[0]) in document) onChange(path, undefined);
    }
  };
  return (
    <SettingsPanel title="Schedules" lead="When runs start by themselves.">
      {places.map((place) => (
        <ScheduleCard
          key={place.index ?? "first"}
          place={place}
          document={document}
          problems={problems}
          onChange={onChange}
          onRemove={() => remove(place)}
        />
      ))}
      <Problems problems={own} />
      {!readOnly && (
        <div>
          <Button
            size="compact-sm"
            variant="default"
            leftSection={<IconPlus size={14} />}
            onClick={add}
          >
            Add a schedule
          </Button>
        </div>
      )}
      {readOnly && places.length === 0 && <span>None</span>}
    </SettingsPanel>
  );
}
