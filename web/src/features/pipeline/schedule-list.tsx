import { Switch } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { get, post } from "../../lib/api";
import type { Pipeline } from "../../lib/model";
import { keys } from "../../lib/queries";
import { useMay } from "../../lib/session";
import { notifyFailed } from "../../ui/notify";
import { RelativeTime } from "../../ui/relative-time";

type Schedule = {
  name: string;
  cron: string;
  description: string;
  timezone?: string;
  paused?: boolean;
  next_run_at: string | null;
};

function path(id: string): string {
  return `/api/pipelines/${encodeURIComponent(id)}/schedules`;
}

/** The schedules of a pipeline, when they fire next, and a switch that pauses each. */
export function ScheduleList({ pipeline }: { pipeline: Pipeline }) {
  const schedules = useQuery({
    queryKey: [...keys.pipeline(pipeline.id), "schedules", pipeline.version],
    queryFn: ({ signal }) => get<Schedule[]>(path(pipeline.id), { signal }),
  });
  return (
    <>
      {(schedules.data ?? []).map((schedule) => (
        <ScheduleLine key={schedule.name} pipeline={pipeline} schedule={schedule} />
      ))}
    </>
  );
}

type LineProps = { pipeline: Pipeline; schedule: Schedule };

function ScheduleLine({ pipeline, schedule }: LineProps) {
  const { name, cron, description, timezone, paused, next_run_at } = schedule;
  const may = useMay();
  const client = useQueryClient();
  const change = useMutation({
    mutationFn: (what: "pause" | "resume") =>
      post<Schedule[]>(`${path(pipeline.id)}/${encodeURIComponent(name)}/${what}`, {}),
    onSuccess: () => void client.invalidateQueries({ queryKey: keys.pipelines }),
    onError: (error) => notifyFailed("The schedule was not changed", error),
  });
  const label = name === "default" ? "Schedule" : `Schedule ${name}`;
  return (
    <Switch
      size="xs"
      checked={!paused}
      disabled={!may("pipelines.edit") || change.isPending || pipeline.draft === true}
      onChange={(event) => change.mutate(event.currentTarget.checked ? "resume" : "pause")}
      label={
        <span title={description}>
          {label} <code>{cron}</code> {timezone}
          {next_run_at && (
            <>
              {", next "}
              <RelativeTime at={next_run_at} />
            </>
          )}
          {!next_run_at && (paused || !pipeline.enabled) && ", paused"}
        </span>
      }
    />
  );
}
