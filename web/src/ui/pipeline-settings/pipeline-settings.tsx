import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useMemo } from "react";
import { get } from "../../lib/api";
import type { Problem, Settings } from "../../lib/model";
import { Surroundings } from "../form/surroundings";
import { type Change, FormPanel } from "./form-panel";
import classes from "./pipeline-settings.module.css";
import { SchedulePanel } from "./schedule-panel";
import { zoneNames } from "./schedules";
import * as schemas from "./schemas";

type Props = {
  /** The document, with members that nobody here knows as well. */
  document: Settings;
  /** Of the whole document; those about its graph are left to others. */
  problems: Problem[];
  onChange: Change;
  readOnly?: boolean;
  /** What is told of the pipeline and is not in its document. */
  children?: ReactNode;
};

/** Everything that a pipeline's document says besides its graph, a panel for each subject. */
export function PipelineSettings({
  document,
  problems,
  onChange,
  readOnly = false,
  children,
}: Props) {
  const around = useMemo(() => ({ columns: [], placeholders: [], readOnly }), [readOnly]);
  const pools = useQuery({
    queryKey: ["pools"],
    queryFn: ({ signal }) => get<{ name: string }[]>("/api/pools", { signal }),
  });
  const of = { document, problems, onChange };
  return (
    <Surroundings value={around}>
      <div className={classes.settings}>
        <FormPanel {...of} title="About" schema={schemas.about} />
        <SchedulePanel {...of} />
        <FormPanel
          {...of}
          title="Limits"
          lead="How many runs there may be, and which go first."
          schema={schemas.limits((pools.data ?? []).map(({ name }) => name))}
        />
        <FormPanel
          {...of}
          title="Parameters"
          lead="Values that a run can be given. Settings have them as ${param.name}."
          schema={schemas.parameters}
        />
        <FormPanel
          {...of}
          title="Dependencies"
          lead="Runs of other pipelines that this one waits for, or is started by."
          schema={schemas.dependencies}
        />
        <FormPanel
          {...of}
          title="Triggers"
          lead="What starts runs when it changes."
          schema={schemas.triggers}
        />
        <FormPanel {...of} title="Deadline" schema={schemas.deadline(zoneNames())} />
        <FormPanel
          {...of}
          title="Hooks"
          lead="Who is told what happens to runs."
          schema={schemas.hooks}
        />
        {children}
      </div>
    </Surroundings>
  );
}
