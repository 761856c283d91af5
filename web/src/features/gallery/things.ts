import { ApiError } from "../../lib/api";
import type { Delivery } from "../../lib/hooks";
import type { Graph, NodeType, Pipeline, PipelineHealth, Run, RunStatus } from "../../lib/model";
import nodeTypes from "../../lib/node-types.json";
import { runStatuses } from "../../lib/status";
import type { NodeTrial, Pin } from "../../lib/trials";
import type { StepRun } from "../../ui/canvas/elements";

/** A moment some minutes ago. */
export function ago(minutes: number): string {
  return new Date(Date.now() - minutes * 60_000).toISOString();
}

export const kinds = nodeTypes as unknown as NodeType[];

/** A name as long as they come, and one that is read from right to left. */
export const longName =
  "Delays by carrier and by the hour of the day, for the whole of the quarter";
export const fromRight = "تقرير الرحلات المتأخرة";

const wrong = {
  error: "the pipeline cannot be saved: nodes[0].config.path: must not be empty",
  code: "invalid_document",
  request_id: "01a2028-7f3a91",
  problems: [
    { path: "nodes[0].config.path", message: "must not be empty" },
    { path: "name", message: "is missing: a pipeline needs a name" },
  ],
};

/** Answers that are none. */
export const refused = new ApiError(400, wrong);
export const failures = {
  offline: new ApiError(0, { error: "The server cannot be reached. Check that it is running." }),
  denied: new ApiError(403, { error: "you may not see users", request_id: "01a2028-7f3a92" }),
  absent: new ApiError(404, { error: 'there is no pipeline "x"', request_id: "01a2028-7f3a93" }),
  broken: new ApiError(500, { error: "internal error", request_id: "01a2028-7f3a94" }),
  bug: new Error("Cannot read properties of undefined"),
};

const times: Record<RunStatus, { started_at: string | null; finished_at: string | null }> = {
  pending: { started_at: null, finished_at: null },
  blocked: { started_at: null, finished_at: ago(2) },
  waiting: { started_at: ago(4), finished_at: null },
  running: { started_at: ago(1), finished_at: null },
  success: { started_at: ago(90), finished_at: ago(86) },
  failed: { started_at: ago(3_000), finished_at: ago(2_999) },
  cancelled: { started_at: ago(50_000), finished_at: ago(49_999) },
};

/** A run in each status. */
export const runs: Run[] = runStatuses.map((status, place) => ({
  id: `01a20428-efa7-7ae6-b7ee-00000000000${place}`,
  pipeline_id: "p",
  pipeline_name: [longName, fromRight, "Orders"][place % 3] ?? "",
  pipeline_version: 4,
  status,
  trigger: ["manual", "scheduled", "api", "webhook"][place % 4] ?? "",
  created_at: ago(5 * place),
  ...times[status],
  ...(status === "failed" && { error: 'there is no column "amonut" (did you mean "amount"?)' }),
  ...(status === "pending" && { wait_reason: "all 2 slots of the pool warehouse are taken" }),
}));

const graph: Graph = {
  nodes: [
    { id: "flights", type: "source_file", name: "Flights", config: {} },
    { id: "airports", type: "source_db", name: "Airports", config: {} },
    { id: "late", type: "filter", name: "Late flights", config: {} },
    { id: "join", type: "join", name: "With the airport", config: {} },
    { id: "check", type: "quality_check", name: longName, config: {} },
    { id: "result", type: "sink_file", name: "Result", config: {} },
  ],
  edges: [
    { from: "flights", to: "late" },
    { from: "late", to: "join" },
    { from: "airports", to: "join" },
    { from: "join", to: "check" },
    { from: "check", to: "result" },
  ],
};

/** How each node goes: one in every state. */
export const nodeRuns: StepRun[] = [
  { node_id: "flights", status: "success", row_count: 1_250_000, duration_ms: 3_400 },
  { node_id: "airports", status: "success", row_count: 3_376, restored: true },
  { node_id: "late", status: "running", row_count: 240_000, progress: 0.4 },
  { node_id: "join", status: "failed", row_count: 0 },
  { node_id: "check", status: "skipped", row_count: 0 },
  { node_id: "result", status: "pending", row_count: 0 },
];

/** The same nodes in the states that are left. */
export const otherRuns: StepRun[] = [
  { node_id: "flights", status: "running", row_count: 0 },
  { node_id: "airports", status: "running", row_count: 0, attempt: 2, attempts: 3 },
  { node_id: "late", status: "cancelled", row_count: 0 },
];

export const document: Pipeline = {
  ...graph,
  id: "p",
  pipeline_id: "late-flights",
  name: "Late flights",
  description: "",
  tags: ["flights"],
  schedule: "",
  enabled: true,
  version: 4,
  params: { day: "2026-03-01" },
  parameters: {
    day: { type: "date", description: "Whose flights." },
    mode: { one_of: ["append", "overwrite"] },
    limit: { type: "integer", required: true },
    dry: { type: "boolean" },
  },
  created_at: ago(9_000),
  updated_at: ago(900),
};

export const health: PipelineHealth = {
  ...document,
  node_count: 6,
  edge_count: 5,
  runs_total: 12,
  runs_success: 9,
  runs_failed: 2,
  runs_running: 1,
  recent: [],
};

export const deliveries: Delivery[] = (["delivered", "failed", "pending"] as const).map(
  (state, place) => ({
    id: state,
    hook_name: "Failures to the chat",
    event: ["on_failure", "on_success", "on_start"][place] ?? "",
    state,
    attempts: [1, 5, 0][place] ?? 0,
    ...(state === "failed" && { error: "hooks.example.com answered 410" }),
    created_at: ago(place * 7),
  }),
);

export const columns = ["id", "amount", "country", "note"];
export const types = [
  { name: "id", type: "BIGINT" },
  { name: "amount", type: "DECIMAL(18,2)" },
  { name: "country", type: "VARCHAR" },
  { name: "note", type: "VARCHAR" },
];

/** Rows with values that are missing, long, and read from right to left. */
export const rows = Array.from({ length: 10_000 }, (_, id) => ({
  id,
  amount: (id * 37) % 991,
  country: id % 5 === 1 ? null : (["DE", "US", "JP"][id % 3] ?? null),
  note: [longName, fromRight, ""][id % 3] ?? "",
}));

const trial = { node_id: "join", name: "With the airport", columns: [], types: [], rows: [] };

/** A node's outcome in a trial: with rows, failed, and with rows that were pinned. */
export const trials: NodeTrial[] = [
  {
    ...trial,
    status: "success",
    row_count: 4_551,
    columns,
    types,
    rows: rows.slice(0, 6),
    truncated: true,
    log: (["debug", "info", "warning", "error"] as const).map((level) => ({
      level,
      message: `A line of the level ${level}`,
    })),
  },
  {
    ...trial,
    status: "failed",
    error: 'there is no column "iatta"',
    failure: {
      code: "unknown_column",
      message: "",
      problems: [{ path: "right_key", message: 'did you mean "iata"?' }],
    },
    log: [],
  },
  { ...trial, status: "skipped", log: [], pinned: true, row_count: 6 },
];

export const pin: Pin = {
  node_id: "join",
  pinned_by: "ada",
  pinned_at: ago(40),
  columns: types,
  rows: rows.slice(0, 2),
};
