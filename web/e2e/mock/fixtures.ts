import type { Issue } from "../../src/lib/issue-model";
import type {
  NodeRun,
  NodeType,
  Pipeline,
  PipelineHealth,
  RecentRun,
  Run,
  RunDetail,
  RunStatus,
} from "../../src/lib/model";

const minute = 60_000;

/** A moment some minutes before the tests run. */
export function ago(minutes: number): string {
  return new Date(Date.now() - minutes * minute).toISOString();
}

export const nodeTypes: NodeType[] = [
  {
    type: "source_file",
    title: "File",
    summary: "Read CSV, JSON or Parquet files.",
    category: "source",
    icon: "file-input",
    min_inputs: 0,
    max_inputs: 0,
    has_output: true,
    schema: {
      type: "object",
      properties: {
        path: { type: "string", title: "Path", description: "A file or a pattern." },
        format: { type: "string", title: "Format", default: "auto" },
        header: { type: "boolean", title: "First line has the column names", default: true },
        null_strings: { type: "array", title: "Empty values", items: { type: "string" } },
      },
      required: ["path"],
    },
  },
  {
    type: "filter",
    title: "Filter",
    summary: "Keep the rows for which an expression is true.",
    category: "transform",
    icon: "filter",
    min_inputs: 1,
    max_inputs: 1,
    has_output: true,
    schema: {
      type: "object",
      properties: { expression: { type: "string", title: "Expression", format: "expression" } },
      required: ["expression"],
    },
  },
  {
    type: "aggregate",
    title: "Aggregate",
    summary: "Group rows and count, add up or average them.",
    category: "transform",
    icon: "sum",
    min_inputs: 1,
    max_inputs: 1,
    has_output: true,
    schema: {
      type: "object",
      properties: {
        group_by: { type: "array", title: "Group by", items: { type: "string" } },
        aggregations: { type: "array", title: "Aggregations" },
      },
    },
  },
  {
    type: "join",
    title: "Join",
    summary: "Put the rows of two inputs side by side where keys agree.",
    category: "transform",
    icon: "join",
    min_inputs: 2,
    max_inputs: 2,
    has_output: true,
    schema: { type: "object", properties: { on: { type: "string", title: "On" } } },
  },
  {
    type: "sink_file",
    title: "File target",
    summary: "Write the rows to a file.",
    category: "sink",
    icon: "file-output",
    min_inputs: 1,
    max_inputs: 1,
    has_output: false,
    schema: { type: "object", properties: { path: { type: "string", title: "Path" } } },
  },
];

export const flights: Pipeline = {
  id: "p-flights",
  pipeline_id: "flight-delays",
  name: "Flight delays by carrier",
  description: "Which carriers were late most often, and by how much.",
  version: 4,
  schedule: "0 6 * * *",
  schedule_timezone: "Europe/Vienna",
  enabled: true,
  tags: ["travel", "daily"],
  params: { min_delay: "15", month: "2026-02" },
  created_at: ago(60 * 24 * 12),
  updated_at: ago(90),
  nodes: [
    node("flights", "source_file", "Read flights", {
      path: "examples/data/flights.csv",
      null_strings: ["NA", "N/A"],
    }),
    node("carriers", "source_file", "Read carriers", { path: "examples/data/carriers.csv" }),
    node("late", "filter", "Late ones only", { expression: "delay >= min_delay" }),
    node("named", "join", "Add the carrier's name", { on: "carrier" }),
    node("sums", "aggregate", "Delay per carrier", {
      group_by: ["carrier", "name"],
      aggregations: [{ column: "delay", function: "avg", as: "mean_delay" }],
    }),
    node("write", "sink_file", "Write the report", { path: "out/delays.parquet" }),
  ],
  edges: [
    { from: "flights", to: "late" },
    { from: "late", to: "named" },
    { from: "carriers", to: "named" },
    { from: "named", to: "sums" },
    { from: "sums", to: "write" },
  ],
};

function node(id: string, type: string, name: string, config: Record<string, never> | object) {
  return { id, type, name, config: { ...config }, position: { x: 0, y: 0 } };
}

/** Recent runs with these statuses, the newest first. */
export function recent(...statuses: RunStatus[]): RecentRun[] {
  return statuses.map((status, place) => ({
    id: `r-${place}`,
    status,
    started_at: ago(place * 60 + 3),
  }));
}

/** A pipeline in the list. */
export function health(part: Partial<PipelineHealth>): PipelineHealth {
  const runs = part.recent ?? [];
  const last = runs[0];
  return {
    id: "p-flights",
    pipeline_id: "flight-delays",
    name: "Flight delays by carrier",
    description: "Which carriers were late most often, and by how much.",
    schedule: "",
    enabled: true,
    tags: ["travel", "daily"],
    node_count: 6,
    edge_count: 5,
    created_at: ago(9_000),
    updated_at: ago(90),
    runs_total: runs.length,
    runs_success: 0,
    runs_failed: 0,
    runs_running: runs.filter((run) => run.status === "running").length,
    recent: runs,
    ...(last ? { last_run_status: last.status, last_run_at: last.started_at ?? "" } : {}),
    ...part,
  };
}

const good: RunStatus[] = Array.from({ length: 17 }, (): RunStatus => "success");

export const pipelines: PipelineHealth[] = [
  health({ recent: recent("success", "success", "failed", ...good), runs_total: 412 }),
  health({
    id: "p-weather",
    name: "Weather by month",
    description: "Monthly means of temperature and rain for every station.",
    tags: ["weather"],
    schedule: "0 6 * * *",
    next_run_at: ago(-95),
    recent: recent("running", "success", "success", "cancelled", "success"),
  }),
  health({
    id: "p-orders",
    name: "Orders into the warehouse",
    description: "Nightly load of the shop's orders, with checks before they count.",
    tags: ["sales", "warehouse", "nightly", "critical"],
    recent: recent("failed", "failed", "success", "success", "success", "success"),
    last_run_error:
      'Read orders: the file "incoming/orders.csv" has no column "amount" any more; it has amount_eur',
  }),
  health({
    id: "p-airports",
    name: "Airports per state",
    description: "",
    tags: [],
    recent: [],
    draft: true,
  }),
];

/** A run in a list. */
export function run(part: Partial<Run>): Run {
  return {
    id: "0197a6e0-1111-7000-8000-00000000cafe",
    pipeline_id: "p-flights",
    pipeline_name: "Flight delays by carrier",
    pipeline_version: 4,
    status: "success",
    params: { min_delay: "15", month: "2026-02" },
    trigger: "manual",
    started_by: "ada",
    created_at: ago(12),
    started_at: ago(12),
    finished_at: ago(11.94),
    ...part,
  };
}

export const runs: Run[] = [
  run({
    id: "r-a",
    status: "running",
    pipeline_name: "Weather by month",
    started_at: ago(0.4),
    finished_at: null,
  }),
  run({ id: "r-b" }),
  run({
    id: "r-c",
    status: "failed",
    pipeline_name: "Orders into the warehouse",
    trigger: "api",
    error: 'Read orders: the file "incoming/orders.csv" has no column "amount" any more',
    started_at: ago(61),
    finished_at: ago(60.9),
  }),
  run({ id: "r-d", status: "cancelled", started_at: ago(180), finished_at: ago(174) }),
  run({
    id: "r-e",
    status: "pending",
    started_at: null,
    finished_at: null,
    created_at: ago(0.1),
    wait_reason: "2 of 2 runs of this pipeline are under way",
  }),
  run({ id: "r-f", trigger: "cli", started_at: ago(1_500), finished_at: ago(1_428) }),
];

/** An issue of a pipeline that fails. */
export const failing: Issue = {
  id: "i1",
  kind: "run_failed",
  severity: "critical",
  state: "open",
  title: "Orders into the warehouse fails at Read orders",
  body: 'the file "incoming/orders.csv" has no column "amount" any more; it has amount_eur',
  pipeline_id: "p-orders",
  pipeline_name: "Orders into the warehouse",
  node_id: "read",
  code: "unknown_column",
  first_run_id: "r-first",
  last_run_id: "r-c",
  count: 12,
  opened_at: ago(600),
  last_seen_at: ago(4),
};

/** How a node went. */
export function nodeRun(node_id: string, part: Partial<NodeRun> = {}): NodeRun {
  return {
    id: `nr-${node_id}`,
    run_id: "r1",
    node_id,
    status: "success",
    row_count: 336_776,
    started_at: ago(12),
    duration_ms: 412,
    queue_ms: 4,
    rows_per_sec: 817_417,
    attempt: 0,
    ...part,
  };
}

const { nodes, edges } = flights;

export const finished: RunDetail = {
  ...run({ id: "r1" }),
  document: { nodes, edges },
  node_runs: [
    nodeRun("flights"),
    nodeRun("carriers", { row_count: 16, duration_ms: 8, rows_per_sec: 2_000 }),
    nodeRun("late", { row_count: 68_113, duration_ms: 95, queue_ms: 420 }),
    nodeRun("named", { row_count: 68_113, duration_ms: 140, queue_ms: 516 }),
    nodeRun("sums", { row_count: 16, duration_ms: 31, queue_ms: 660 }),
    nodeRun("write", { row_count: 16, duration_ms: 22, queue_ms: 692 }),
  ],
};

export const running: RunDetail = {
  ...finished,
  status: "running",
  started_at: ago(0.1),
  finished_at: null,
  node_runs: [nodeRun("flights"), nodeRun("carriers", { row_count: 16, duration_ms: 8 })],
};

export const failed: RunDetail = {
  ...finished,
  status: "failed",
  error: 'Late ones only: there is no column "delay". Did you mean "dep_delay"?',
  node_runs: [
    nodeRun("flights"),
    nodeRun("carriers", { row_count: 16, duration_ms: 8 }),
    nodeRun("late", {
      status: "failed",
      row_count: 0,
      duration_ms: 6,
      rows_per_sec: 0,
      error: 'There is no column "delay". Did you mean "dep_delay"?',
      failure: {
        code: "unknown_column",
        message: 'There is no column "delay".',
        problems: [{ path: "expression", message: 'names the column "delay", which is not there' }],
      },
    }),
    ...["named", "sums", "write"].map((id) =>
      nodeRun(id, { status: "skipped", row_count: 0, started_at: null }),
    ),
  ],
};

const messages = [
  ["debug", "", "Plan: 6 nodes in 3 statements"],
  ["info", "", "Run started, version 4"],
  ["info", "flights", "Reading examples/data/flights.csv (19 columns, 31.1 MB)"],
  ["info", "carriers", "Reading examples/data/carriers.csv (2 columns)"],
  ["warning", "flights", "8,255 values of dep_delay are empty and count as no value"],
  ["info", "late", "68,113 of 336,776 rows kept"],
  ["info", "named", "All rows found a partner"],
  ["info", "sums", "16 groups"],
  ["info", "write", "Wrote out/delays.parquet (2.1 kB)"],
  ["info", "", "Run finished in 3.6 s"],
] as const;

export const log = messages.map(([level, node_id, message], place) => ({
  seq: place * 3 + 1,
  run_id: "r1",
  ...(node_id ? { node_id } : {}),
  level,
  message,
  timestamp: new Date(Date.now() - 720_000 + place * 371).toISOString(),
}));

export const preview = {
  columns: ["carrier", "name", "flights", "mean_delay", "worst", "note"],
  types: [
    { name: "carrier", type: "VARCHAR" },
    { name: "name", type: "VARCHAR" },
    { name: "flights", type: "BIGINT" },
    { name: "mean_delay", type: "DOUBLE" },
    { name: "worst", type: "TIMESTAMP" },
    { name: "note", type: "VARCHAR" },
  ],
  rows: Array.from({ length: 100 }, (_, place) => ({
    carrier: ["UA", "B6", "EV", "DL", "AA"][place % 5] ?? "",
    name:
      ["United Air Lines", "JetBlue Airways", "ExpressJet", "Delta", "American"][place % 5] ?? "",
    flights: 12_000 + place * 37,
    mean_delay: 15.25 + place,
    worst: `2026-02-${String((place % 28) + 1).padStart(2, "0")} 06:15:00`,
    note: place % 3 === 0 ? null : "from the weekly sheet",
  })),
  truncated: true,
  total_rows: 68_113,
};
