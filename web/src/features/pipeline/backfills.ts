import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { get, post } from "../../lib/api";
import type { Page, Params } from "../../lib/model";
import { keys } from "../../lib/queries";
import type { Tone } from "../../lib/status";

export type BackfillStatus = "running" | "paused" | "done" | "cancelled";

export type Backfill = {
  id: string;
  start: string;
  end: string;
  interval: string;
  timezone: string;
  concurrency: number;
  status: BackfillStatus;
  reason?: string;
  progress: {
    total: number;
    done: number;
    failed: number;
    cancelled: number;
    running: number;
    skipped: number;
  };
  started_by?: string;
  created_at: string;
  finished_at: string | null;
};

export type BackfillPlan = {
  intervals: number;
  first: { start: string; end: string };
  last: { start: string; end: string };
  description: string;
};

/** What somebody says of a backfill; an empty interval is that of the pipeline's schedule. */
export type BackfillOrder = {
  start: string;
  end_date: string;
  interval: string;
  concurrency: number;
  order: "oldest" | "newest";
  force: boolean;
  on_failure: "continue" | "pause";
  /** Of its runs; values may have placeholders of their interval. */
  params?: Params;
};

export const toneOf: Record<BackfillStatus, Tone> = {
  running: "busy",
  paused: "wait",
  done: "good",
  cancelled: "muted",
};

function path(pipelineId: string): string {
  return `/api/pipelines/${encodeURIComponent(pipelineId)}/backfills`;
}

/** The backfills of a pipeline; asked for anew whenever a run has changed. */
export function useBackfills(pipelineId: string, after: string | undefined) {
  return useQuery({
    queryKey: [...keys.runs, "backfills", pipelineId, after],
    queryFn: ({ signal }) => {
      const more = after ? `&after=${encodeURIComponent(after)}` : "";
      return get<Page<Backfill>>(`${path(pipelineId)}?limit=25${more}`, { signal });
    },
  });
}

/** What a backfill would do; asked for when its range is there. */
export function useBackfillPlan(pipelineId: string, order: BackfillOrder) {
  return useQuery({
    queryKey: ["backfill-plan", pipelineId, order],
    queryFn: () => post<BackfillPlan>(`${path(pipelineId)}/preview`, asked(order)),
    enabled: order.start !== "" && order.end_date !== "",
    retry: false,
  });
}

/** Starts a backfill. */
export function useStartBackfill(pipelineId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (order: BackfillOrder) => post<Backfill>(path(pipelineId), asked(order)),
    onSuccess: () => void client.invalidateQueries({ queryKey: keys.runs }),
  });
}

/** Pauses, continues or cancels a backfill. */
export function useMoveBackfill(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (what: "pause" | "continue" | "cancel") =>
      post<Backfill>(`/api/backfills/${encodeURIComponent(id)}/${what}`, {}),
    onSettled: () => void client.invalidateQueries({ queryKey: keys.runs }),
  });
}

function asked({ interval, ...rest }: BackfillOrder): object {
  return interval ? { ...rest, interval } : rest;
}
