import type { NodeRun, RunDetail } from "../../lib/model";

/** How each node of the run's document went, in the document's order; a node nothing is known of is pending. */
export function completeNodeRuns(run: RunDetail): NodeRun[] {
  const known = new Map((run.node_runs ?? []).map((nodeRun) => [nodeRun.node_id, nodeRun]));
  return run.document.nodes.map(
    ({ id }) =>
      known.get(id) ?? {
        id: "",
        run_id: run.id,
        node_id: id,
        status: "pending",
        row_count: 0,
        started_at: null,
        duration_ms: 0,
        queue_ms: 0,
        rows_per_sec: 0,
        attempt: 0,
      },
  );
}

/** The node whose failure made the run fail, where one is known. */
export function failedNode(run: RunDetail): NodeRun | undefined {
  return (run.node_runs ?? []).find((nodeRun) => nodeRun.status === "failed");
}

/** Where a node's bar lies on a line that is wholeMs long, in percent of it. */
export function placeInTime(nodeRun: NodeRun, wholeMs: number): { left: string; width: string } {
  const percent = (ms: number) => `${Math.min(100, (100 * ms) / wholeMs).toFixed(2)}%`;
  return { left: percent(nodeRun.queue_ms), width: percent(nodeRun.duration_ms) };
}
