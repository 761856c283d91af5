/** What the server sends and takes, as written in its API contract. */

import type { DependencyRule, Watcher } from "./trigger-model";

export type RunStatus =
  | "pending"
  | "blocked"
  | "waiting"
  | "running"
  | "success"
  | "failed"
  | "cancelled";

export type NodeStatus = "pending" | "running" | "success" | "failed" | "skipped" | "cancelled";

/** A JSON value whose shape only its JSON Schema knows. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

export type Settings = { [key: string]: Json };

/** One thing that is wrong, and where, such as "nodes[1].config.path". */
export type Problem = { path: string; message: string };

export type PipelineNode = {
  id: string;
  type: string;
  name: string;
  config?: Settings | null;
  position?: { x: number; y: number };
};

export type PipelineEdge = { from: string; to: string; condition?: boolean };

export type Graph = { nodes: PipelineNode[]; edges: PipelineEdge[] };

export type Params = Record<string, string>;

export type Parameter = {
  type?: "text" | "integer" | "number" | "boolean" | "date" | "timestamp";
  description?: string;
  required?: boolean;
  one_of?: string[] | null;
};

/** Who is told of an event, as a document says it. */
export type DocumentHook = { type: string; url: string; enabled: boolean; extra?: unknown };

export type Pipeline = Graph & {
  id: string;
  pipeline_id: string;
  name: string;
  description: string;
  params?: Params | null;
  /** Which values the parameters of runs take. */
  parameters?: Record<string, Parameter> | null;
  tags: string[] | null;
  schedule: string;
  schedule_timezone?: string;
  schedules?: { name: string }[] | null;
  enabled: boolean;
  draft?: boolean;
  /** Runs under way at once; none is any number. */
  max_active_runs?: number;
  on_restart?: "resume" | "restart" | "fail";
  overlap?: "queue" | "skip" | "cancel_previous";
  pool?: string;
  /** Processes without it do not execute the runs. */
  label?: string;
  priority?: number;
  version: number;
  created_at: string;
  updated_at: string;
  hooks?: Record<string, DocumentHook>;
  depends_on?: string[] | null;
  dependency_rules?: DependencyRule[] | null;
  /** How long runs wait at gates before they are blocked; a day when absent. */
  dependency_timeout_seconds?: number | null;
  triggers?: Watcher[] | null;
};

export type RecentRun = { id: string; status: RunStatus; started_at: string | null };

/** A pipeline in a list, with how its runs went. */
export type PipelineHealth = {
  id: string;
  pipeline_id: string;
  name: string;
  description: string;
  schedule: string;
  enabled: boolean;
  draft?: boolean;
  tags: string[] | null;
  node_count: number;
  edge_count: number;
  created_at: string;
  updated_at: string;
  last_run_status?: RunStatus;
  last_run_at?: string;
  last_run_error?: string;
  next_run_at?: string;
  runs_total: number;
  runs_success: number;
  runs_failed: number;
  runs_running: number;
  recent: RecentRun[] | null;
};

/** What a node remembers for the next run, in its kind's own form. */
export type NodeState = {
  node_id: string;
  state: unknown;
  run_id: string;
  updated_at: string;
};

export type PipelineVersion = {
  version: number;
  message: string;
  created_at: string;
  author: string;
};

export type Change = {
  path: string;
  op: "added" | "removed" | "changed";
  before?: Json;
  after?: Json;
};

export type Template = Graph & {
  id: string;
  name: string;
  description: string;
  icon: string;
  source: string;
  tags?: string[];
  params?: Params | null;
};

/** The part of JSON Schema 2020-12 that node kinds use for their settings. */
export type JsonSchema = {
  title?: string;
  description?: string;
  type?: string;
  const?: Json;
  enum?: Json[];
  default?: Json;
  /** Values that are offered; others are taken as well. */
  examples?: Json[];
  minimum?: number;
  maximum?: number;
  minLength?: number;
  format?: string;
  writeOnly?: boolean;
  /** It is taken and no longer offered. */
  deprecated?: boolean;
  /** Nodes of all kinds have it. */
  "x-every-node"?: boolean;
  /** Secrets may stand in the text. */
  "x-secrets"?: boolean;
  /** The types of connections that may be named. */
  "x-connection-types"?: string[];
  /** What free names of members mean. */
  propertyNames?: JsonSchema;
  properties?: Record<string, JsonSchema>;
  additionalProperties?: JsonSchema | boolean;
  required?: string[];
  items?: JsonSchema;
  /** The forms an object takes, told apart by a required member with its own enum or const. */
  oneOf?: JsonSchema[];
};

export type NodeType = {
  type: string;
  title: string;
  summary: string;
  category: string;
  icon: string;
  min_inputs: number;
  /** -1 is any number. */
  max_inputs: number;
  has_output: boolean;
  /** Edges out of it are marked true or false. */
  branches?: boolean;
  /** An edge from it may go into a node that takes no input. */
  waits?: boolean;
  /** It does its work without being joined to any other. */
  alone?: boolean;
  schema: JsonSchema;
};

export type Run = {
  id: string;
  pipeline_id: string;
  pipeline_name: string;
  pipeline_version: number;
  status: RunStatus;
  error?: string;
  params?: Params | null;
  trigger: string;
  /** Higher ones start first. */
  priority?: number;
  pool?: string;
  label?: string;
  /** Why a pending run has not started. */
  wait_reason?: string;
  started_by?: string;
  /** The run whose results this one began with. */
  resumed_from_run_id?: string;
  /** The run that has started this one by a node of its own. */
  upstream_run_id?: string;
  parent_run_id?: string;
  /** That node, and the row of its input from 0. */
  parent_node_id?: string;
  parent_row?: number;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
};

/** Why a node failed, with the places in its settings that are to blame. */
export type Failure = { code: string; message: string; problems?: Problem[] };

export type NodeRun = {
  id: string;
  run_id: string;
  node_id: string;
  status: NodeStatus;
  row_count: number;
  started_at: string | null;
  duration_ms: number;
  queue_ms: number;
  rows_per_sec: number;
  error?: string;
  failure?: Failure;
  /** 0 is the first. */
  attempt: number;
  /** The most there can be, where it is known. */
  attempts?: number;
  /** It was not computed: an earlier run had left it. */
  restored?: boolean;
  /** The statement with which a database has computed its rows and those of its neighbours. */
  pushed?: string;
  progress?: number;
};

export type RunDetail = Run & { node_runs: NodeRun[] | null; document: Graph };

export type LogLevel = "debug" | "info" | "warning" | "error";

export type LogLine = {
  seq: number;
  run_id: string;
  node_id?: string;
  level: LogLevel;
  message: string;
  timestamp: string;
  /** What the line is about, such as the rows that broke a rule. */
  failure?: { rows?: { columns: { name: string }[]; rows: Json[][] } };
};

export type Preview = {
  columns: string[];
  types: { name: string; type: string }[];
  rows: Record<string, Json>[];
  truncated: boolean;
  /** Missing when only the sample was counted. */
  total_rows?: number | null;
};

type EventHead = { seq: number; run_id: string; at: string };
type NodeEvent = EventHead & { node_id: string };

/** One message of a run's event stream. */
export type RunEvent =
  | (EventHead & { type: "run.started" })
  | (EventHead & { type: "run.interrupted" })
  | (EventHead & { type: "run.waiting" })
  | (EventHead & { type: "run.finished"; status: RunStatus; error?: string })
  | (NodeEvent & { type: "node.started" })
  /** The message reads "attempt 2 of 4". */
  | (NodeEvent & { type: "node.retrying"; message?: string })
  | (NodeEvent & { type: "node.progress"; progress?: number; rows?: number })
  | (NodeEvent & {
      type: "node.finished";
      status: NodeStatus;
      rows?: number;
      duration_ms?: number;
      error?: string;
      failure?: Failure;
      restored?: boolean;
    })
  | (EventHead & { type: "log"; node_id?: string; level: LogLevel; message: string })
  | (NodeEvent & { type: "preview" });

export type RunEventType = RunEvent["type"];

/** One stretch of a list; cursor is the `after` of the next one. */
export type Page<T> = { items: T[] | null; has_next: boolean; cursor: string; limit: number };
