import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { type Milestone, milestonesQuery } from "../../lib/history";
import type { LogLine, RunEvent, RunEventType } from "../../lib/model";
import { keys, previewQuery, runLogQuery, runQuery } from "../../lib/queries";
import { foldEvent, mergeLines } from "../../lib/run-events";
import { openStream, type StreamState } from "../../lib/stream";
import { mergeMilestones } from "./gantt";

const eventTypes: readonly RunEventType[] = [
  "run.started",
  "run.interrupted",
  "run.waiting",
  "run.finished",
  "node.started",
  "node.retrying",
  "node.progress",
  "node.finished",
  "log",
  "preview",
];

/** Events are folded in together at this pace: a chatty run must not redraw the page per line. */
const foldMs = 120;

/** Keeps the cached run and its log up to date by the run's event stream while the run is active. */
export function useRunStream(runId: string, active: boolean): StreamState {
  const client = useQueryClient();
  const [state, setState] = useState<StreamState>("connecting");
  useEffect(() => {
    if (!active) return undefined;
    const folder = newFolder(client, runId);
    const close = openStream(`/api/runs/${encodeURIComponent(runId)}/events`, {
      types: eventTypes,
      onEvent: (data) => folder.add(JSON.parse(data) as RunEvent),
      onState: setState,
    });
    return () => {
      close();
      folder.stop();
    };
  }, [client, runId, active]);
  return state;
}

type Folder = { add: (event: RunEvent) => void; stop: () => void };

function newFolder(client: QueryClient, runId: string): Folder {
  let waiting: RunEvent[] = [];
  let lines: LogLine[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;

  const fold = () => {
    timer = undefined;
    const events = waiting;
    waiting = [];
    lines.push(...events.flatMap(lineOf));
    // Until the log has been read once, new lines wait: they belong after the ones being read.
    const log = client.getQueryData(runLogQuery(runId).queryKey);
    if (log) {
      client.setQueryData(runLogQuery(runId).queryKey, mergeLines(log, lines));
      lines = [];
    }
    client.setQueryData(runQuery(runId).queryKey, (run) => run && events.reduce(foldEvent, run));
    client.setQueryData(
      milestonesQuery(runId).queryKey,
      (known) => known && mergeMilestones(known, events.filter(isMilestone)),
    );
    refresh(client, runId, events);
  };

  return {
    add: (event) => {
      waiting.push(event);
      timer ??= setTimeout(fold, foldMs);
    },
    stop: () => clearTimeout(timer),
  };
}

/** Asks again for what the events only hint at: a kept sample, and everything when the run has ended. */
function refresh(client: QueryClient, runId: string, events: RunEvent[]): void {
  if (events.some((event) => event.type === "run.finished")) {
    void client.invalidateQueries({ queryKey: keys.run(runId) });
    return;
  }
  for (const event of events) {
    if (event.type !== "preview") continue;
    void client.invalidateQueries({ queryKey: previewQuery(runId, event.node_id).queryKey });
  }
}

function isMilestone(event: RunEvent): event is Milestone {
  return event.type !== "log" && event.type !== "preview" && event.type !== "node.progress";
}

function lineOf(event: RunEvent): LogLine[] {
  if (event.type !== "log") return [];
  const { seq, run_id, node_id, level, message, at } = event;
  return [{ seq, run_id, ...(node_id ? { node_id } : {}), level, message, timestamp: at }];
}
