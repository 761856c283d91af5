import { Button, Switch, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { post } from "../../lib/api";
import type { Pipeline } from "../../lib/model";
import { keys } from "../../lib/queries";
import { useMay } from "../../lib/session";
import { TextLink } from "../../ui/links";
import { notifyFailed } from "../../ui/notify";
import { RelativeTime } from "../../ui/relative-time";
import { ErrorState, LoadingRows } from "../../ui/states";
import { useSaveTriggers, useWatchers, type WatcherState } from "./triggers";
import classes from "./triggers.module.css";
import { WatcherDialog } from "./watcher-dialog";

type Props = { pipeline: Pipeline };

/** The files and contacts that start runs when they arrive or change. */
export function WatchersPart({ pipeline }: Props) {
  const watchers = useWatchers(pipeline);
  const [adding, dialog] = useDisclosure();
  const edit = useMay()("pipelines.edit");
  return (
    <section className={classes.part} aria-label="Files and contacts">
      <div className={classes.head}>
        <h2 className={classes.title}>Files and contacts</h2>
      </div>
      {watchers.isPending && <LoadingRows rows={1} />}
      {watchers.isError && (
        <ErrorState error={watchers.error} onRetry={() => void watchers.refetch()} />
      )}
      {watchers.data?.length === 0 && (
        <Text size="sm" c="var(--text-soft)" mb="sm">
          Runs can start when a file arrives, or when leads or agents change.
        </Text>
      )}
      {watchers.data?.map((one) => (
        <Line key={one.name} pipeline={pipeline} watcher={one} />
      ))}
      {edit && watchers.data && (
        <Button size="xs" variant="default" onClick={dialog.open}>
          Add a trigger…
        </Button>
      )}
      {adding && <WatcherDialog pipeline={pipeline} onClose={dialog.close} />}
    </section>
  );
}

function Line({ pipeline, watcher }: Props & { watcher: WatcherState }) {
  const { name, paused, problem, last_run_id, last_at } = watcher;
  const edit = useMay()("pipelines.edit");
  const client = useQueryClient();
  const save = useSaveTriggers(pipeline);
  const failed = (error: Error) => notifyFailed("The trigger was not changed", error);
  const change = useMutation({
    mutationFn: (what: "pause" | "resume") =>
      post(
        `/api/pipelines/${encodeURIComponent(pipeline.id)}/triggers/${encodeURIComponent(name)}/${what}`,
        {},
      ),
    onSuccess: () => client.invalidateQueries({ queryKey: keys.pipelines }),
    onError: failed,
  });
  const rest = (pipeline.triggers ?? []).filter((one) => one.name !== name);
  return (
    <div className={classes.facts}>
      <Switch
        size="xs"
        label={name}
        checked={!paused}
        disabled={!edit || change.isPending}
        onChange={(event) => change.mutate(event.currentTarget.checked ? "resume" : "pause")}
      />
      <span dir="auto">{meaning(watcher)}</span>
      {problem && <span dir="auto">Starts nothing: {problem}</span>}
      {last_run_id && last_at ? (
        <TextLink c="inherit" fz="inherit" to="/runs/$runId" params={{ runId: last_run_id }}>
          Last run <RelativeTime at={last_at} />
        </TextLink>
      ) : (
        <span>It has started no run yet</span>
      )}
      {edit && (
        <Button
          size="compact-xs"
          variant="default"
          aria-label={`Remove ${name}`}
          loading={save.isPending}
          onClick={() => save.mutate({ triggers: rest }, { onError: failed })}
        >
          Remove
        </Button>
      )}
    </div>
  );
}

const people: Record<string, string> = { recruiting: "Leads", retention: "Agents" };

/** What a trigger is for, in words. */
function meaning(watcher: WatcherState): string {
  const { type, conn_id, path, stable_for, every, product, events, quiet_for } = watcher;
  if (type === "file") {
    const where = conn_id ? ` of ${conn_id}, looked at every ${every || "1m"}` : "";
    return `Files ${path}${where}, as they are for ${stable_for || "10s"}`;
  }
  const what = (events?.length ? events : ["created", "updated"]).join(" or ");
  return `${people[product ?? ""] ?? "Contacts"} ${what}, quiet for ${quiet_for || "10s"}`;
}
