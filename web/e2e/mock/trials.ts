import type { NodeTrial } from "../../src/lib/trials";
import { ago, flights, preview } from "./fixtures";

/** How a node fared in a trial. */
function nodeTrial(node_id: string, part: Partial<NodeTrial> = {}): NodeTrial {
  return {
    node_id,
    name: flights.nodes.find(({ id }) => id === node_id)?.name ?? node_id,
    status: "success",
    ...(part.status ? {} : { row_count: 100 }),
    columns: preview.columns,
    types: preview.types,
    rows: preview.rows.slice(0, 50),
    truncated: true,
    log: [],
    ...part,
  };
}

function trial(...nodes: NodeTrial[]) {
  const failed = nodes.some(({ status }) => status === "failed");
  return {
    status: failed ? "failed" : "success",
    results: Object.fromEntries(nodes.map((node) => [node.node_id, node])),
  };
}

export const shown = trial(
  nodeTrial("flights", {
    log: [
      { level: "info", message: "Reading examples/data/flights.csv (19 columns, 31.1 MB)" },
      { level: "warning", message: "3 values of dep_delay are empty and count as no value" },
    ],
  }),
  nodeTrial("carriers", { row_count: 16 }),
  nodeTrial("late", { row_count: 22, rows: preview.rows.slice(0, 22), truncated: false }),
  nodeTrial("named", { row_count: 22, rows: preview.rows.slice(0, 22), truncated: false }),
  nodeTrial("sums", { row_count: 5, rows: preview.rows.slice(0, 5), truncated: false }),
  nodeTrial("write", { row_count: 5, rows: preview.rows.slice(0, 5), truncated: false }),
);

export const upToLate = trial(
  nodeTrial("flights", { row_count: 5, rows: preview.rows.slice(0, 5), pinned: true }),
  nodeTrial("late", { row_count: 2, rows: preview.rows.slice(0, 2), truncated: false }),
);

const nothing = { columns: [], types: [], rows: [], truncated: false };

export const broken = trial(
  nodeTrial("flights"),
  nodeTrial("carriers", { row_count: 16 }),
  nodeTrial("late", {
    ...nothing,
    status: "failed",
    error: 'There is no column "delay". Did you mean "dep_delay"?',
    failure: {
      code: "unknown_column",
      message: 'There is no column "delay".',
      problems: [{ path: "expression", message: 'names the column "delay", which is not there' }],
    },
  }),
  ...["named", "sums", "write"].map((id) => nodeTrial(id, { ...nothing, status: "skipped" })),
);

export const pin = {
  node_id: "flights",
  columns: preview.types,
  rows: preview.rows.slice(0, 5),
  pinned_by: "ada",
  pinned_at: ago(121),
};
