import { queryOptions } from "@tanstack/react-query";
import { get, post } from "./api";
import type { Json, NodeStatus, Preview, RunEvent, RunStatus } from "./model";
import { keys } from "./queries";

/** How many runs were put on record on a day, and how they stand. */
export type Day = {
  /** As in "2026-03-01". */
  date: string;
  total: number;
  success: number;
  failed: number;
  /** Those that were blocked as well. */
  cancelled: number;
  /** Those that have not ended. */
  active: number;
};

export type Calendar = { timezone: string; days: Day[] };

/** The zone in which this browser shows times. */
export const viewerZone: string = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

/** Midnight of a day, some days later, as a date such as "2026-03-01". */
export function dateOf(at: Date, later = 0): string {
  const day = new Date(at.getFullYear(), at.getMonth(), at.getDate() + later, 12);
  const [month, date] = [day.getMonth() + 1, day.getDate()].map((n) => String(n).padStart(2, "0"));
  return `${day.getFullYear()}-${month}-${date}`;
}

/** The runs of each day from one to another, in the viewer's zone; of one pipeline where it is given. */
export const calendarQuery = (from: string, to: string, pipeline?: string) =>
  queryOptions({
    queryKey: [...keys.runs, "calendar", from, to, pipeline ?? ""],
    queryFn: ({ signal }) => {
      const search = new URLSearchParams({ from, to, timezone: viewerZone });
      if (pipeline) search.set("pipeline_id", pipeline);
      return get<Calendar>(`/api/runs/calendar?${search}`, { signal });
    },
  });

export type GridCell = {
  status: NodeStatus;
  row_count: number;
  duration_ms: number;
  restored?: boolean;
};

export type GridRun = {
  id: string;
  status: RunStatus;
  trigger: string;
  pipeline_version: number;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  nodes: Record<string, GridCell>;
};

/** The newest runs of a pipeline beside its nodes. */
export type Grid = {
  /** A node without a type is one that the newest document has no more. */
  nodes: { id: string; name: string; type?: string }[];
  /** The newest first. */
  runs: GridRun[];
};

/** How the nodes of a pipeline fared in its newest runs. */
export const gridQuery = (pipeline: string, limit = 25) =>
  queryOptions({
    queryKey: [...keys.runs, "grid", pipeline, limit],
    queryFn: ({ signal }) =>
      get<Grid>(`/api/pipelines/${encodeURIComponent(pipeline)}/grid?limit=${limit}`, { signal }),
  });

/** An event that says when a run or a node of it began, was tried again, waited or ended. */
export type Milestone = Extract<
  RunEvent,
  {
    type:
      | "run.started"
      | "run.interrupted"
      | "run.waiting"
      | "run.finished"
      | "node.started"
      | "node.retrying"
      | "node.finished";
  }
>;

/** When a run and its nodes began, were tried again, waited and ended, in order. */
export const milestonesQuery = (runId: string) =>
  queryOptions({
    queryKey: [...keys.run(runId), "milestones"],
    queryFn: ({ signal }) =>
      get<Milestone[]>(`/api/runs/${encodeURIComponent(runId)}/milestones`, { signal }),
  });

export type Column = { name: string; type: string };

export type NodeColumns = { node_id: string; columns: Column[] };

/** The columns of what came out of the nodes of a run, of those that kept a sample. */
export const columnsQuery = (runId: string) =>
  queryOptions({
    queryKey: [...keys.run(runId), "columns"],
    queryFn: ({ signal }) =>
      get<NodeColumns[]>(`/api/runs/${encodeURIComponent(runId)}/columns`, { signal }),
  });

/** What the values of a column look like. */
export type ColumnProfile = {
  name: string;
  type: string;
  nulls: number;
  /** About how many different values there are. */
  distinct: number;
  min?: string;
  max?: string;
  mean?: number;
  /** Of numbers and times: how many lie in each stretch from min to max. */
  histogram?: number[];
  /** Of others, where there are few: the most frequent values. */
  top?: { value: string; count: number }[];
};

/** What the rows of a node look like; kept says that all of them were looked at. */
export type Profile = {
  rows: number;
  kept: boolean;
  columns: ColumnProfile[];
  truncated: boolean;
};

/** The profile of the rows of a node of a run. */
export const profileQuery = (runId: string, nodeId: string) =>
  queryOptions({
    queryKey: [...keys.run(runId), "profile", nodeId],
    queryFn: ({ signal }) =>
      get<Profile>(
        `/api/runs/${encodeURIComponent(runId)}/nodes/${encodeURIComponent(nodeId)}/profile`,
        { signal },
      ),
    staleTime: 60_000,
  });

/** The most rows of a node that are shown. */
export const rowsLimit = 10_000;

type Answered = {
  columns: Column[];
  rows: Json[][];
  truncated: boolean;
  tables: { kept: boolean }[];
};

/** Up to rowsLimit rows of a node, in the shape of its first rows; all of them where the run has kept them. */
export const rowsQuery = (runId: string, nodeId: string) =>
  queryOptions({
    queryKey: [...keys.run(runId), "rows", nodeId],
    queryFn: async (): Promise<Preview> => {
      const sql = `SELECT * FROM "${nodeId.replaceAll('"', '""')}"`;
      const answer = await post<Answered>(`/api/runs/${encodeURIComponent(runId)}/query`, {
        sql,
        rows: rowsLimit,
      });
      const columns = answer.columns.map(({ name }) => name);
      return {
        columns,
        types: answer.columns,
        rows: answer.rows.map((row) =>
          Object.fromEntries(columns.map((name, place) => [name, row[place] ?? null])),
        ),
        truncated: answer.truncated,
      };
    },
    staleTime: 60_000,
  });
