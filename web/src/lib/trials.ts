import {
  queryOptions,
  skipToken,
  useMutation,
  useMutationState,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { get, post, put, remove } from "./api";
import type { Failure, Json, LogLevel, Params, Pipeline } from "./model";
import { keys } from "./queries";

/** What a trial is asked to do. */
export type TrialSettings = {
  /** How many rows of every source are taken. */
  rows: number;
  params: Params;
  /** The node behind which nothing is tried. */
  until?: string;
};

export type Column = { name: string; type: string };

/** How a node fared in a trial. */
export type NodeTrial = {
  node_id: string;
  name: string;
  status: "success" | "failed" | "skipped";
  row_count?: number;
  /** Its rows were pinned. */
  pinned?: boolean;
  columns: string[];
  types: Column[];
  rows: Record<string, Json>[];
  truncated?: boolean;
  error?: string;
  failure?: Failure;
  log: { level: LogLevel; message: string }[];
};

type TrialResult = {
  status: "success" | "failed";
  /** By the ids of the nodes; those that were not tried are missing. */
  results: Record<string, NodeTrial>;
  failure?: Failure;
};

/** What a trial has shown. */
export type Trial = TrialResult & { settings: TrialSettings };

/** How many rows of every source a trial takes unless it is told otherwise, and the most it takes. */
export const trialRows = { usual: 100, most: 10_000 };

/** For so long what a trial has shown is there to come back to. */
const keptMs = 60 * 60_000;

/** What the last trial of a version has shown; it is on record nowhere but here. */
const trialQuery = ({ id, version }: Pipeline) =>
  queryOptions<Trial | null>({
    queryKey: ["trial", id, version],
    queryFn: skipToken,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: keptMs,
  });

type Attempt = { settings: TrialSettings; abort: AbortController };

/**
 * Trials of a pipeline. One that is under way, and the last one's result, belong to the pipeline:
 * a page can be left, and finds them when it is opened again. onLost hears why a trial was refused
 * when nobody looks at the pipeline any more.
 */
export function useTrial(pipeline: Pipeline, onLost: (error: Error) => void) {
  const client = useQueryClient();
  const { queryKey } = trialQuery(pipeline);
  const { data: last } = useQuery(trialQuery(pipeline));
  const underWay = useMutationState({
    filters: { mutationKey: queryKey, status: "pending" },
    select: ({ state }) => state.variables as Attempt,
  }).at(-1);
  const { mutate } = useMutation({
    mutationKey: queryKey,
    mutationFn: ({ settings, abort }: Attempt) => {
      const { rows, params, until } = settings;
      return post<TrialResult>(
        `/api/pipelines/${encodeURIComponent(pipeline.id)}/dry-run`,
        { rows, params, ...(until ? { until } : {}) },
        { signal: abort.signal },
      );
    },
    onSuccess: (result, { settings }) => {
      const shown: Trial = { ...result, settings };
      client.setQueryData(queryKey, shown);
    },
    onError: (error, { abort }) => {
      const looking = client.getQueryCache().find({ queryKey })?.getObserversCount() ?? 0;
      if (looking === 0 && !abort.signal.aborted) onLost(error);
    },
  });
  return {
    /** What the last trial has shown. */
    trial: last ?? undefined,
    /** What the trial that is under way was asked to do. */
    trying: underWay?.settings,
    start: (settings: TrialSettings, onError: (error: Error) => void) => {
      const abort = new AbortController();
      mutate(
        { settings, abort },
        {
          onError: (error) => {
            if (!abort.signal.aborted) onError(error);
          },
        },
      );
    },
    stop: () => underWay?.abort.abort(),
    close: () => client.setQueryData(queryKey, null),
  };
}

export type Trials = ReturnType<typeof useTrial>;

/** Rows that trials take from a node instead of its own. */
export type PinnedRows = {
  /** Those of the rows, with the types that the values look like, when missing. */
  columns?: Column[];
  rows: Record<string, Json>[];
};

/** Rows that somebody has pinned to a node. */
export type Pin = PinnedRows & { node_id: string; pinned_by: string; pinned_at: string };

/** The rows that are pinned to nodes of a pipeline. */
export const pinsQuery = (id: string) =>
  queryOptions({
    queryKey: [...keys.pipeline(id), "pins"],
    queryFn: ({ signal }) =>
      get<Pin[]>(`/api/pipelines/${encodeURIComponent(id)}/pins`, { signal }),
  });

/** Where rows that are pinned to a node are kept. */
export type PinPlace = {
  /** Whose pins are to be read again then; missing where they are not on the server. */
  pipelineId?: string;
  put: (rows: PinnedRows) => Promise<unknown>;
  remove: () => Promise<unknown>;
};

/** The pins of a saved node. */
export function onServer(pipelineId: string, nodeId: string): PinPlace {
  const path = `/api/pipelines/${encodeURIComponent(pipelineId)}/pins/${encodeURIComponent(nodeId)}`;
  return { pipelineId, put: (rows) => put<Pin>(path, rows), remove: () => remove(path) };
}

/** Pins rows to a node, or takes them away. */
export function usePin({ pipelineId, put, remove }: PinPlace) {
  const client = useQueryClient();
  const onSuccess = () => pipelineId && client.invalidateQueries(pinsQuery(pipelineId));
  const pin = useMutation({ mutationFn: put, onSuccess });
  const unpin = useMutation({ mutationFn: () => remove(), onSuccess });
  return { pin, unpin };
}
