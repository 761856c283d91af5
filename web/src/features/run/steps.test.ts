import { expect, test } from "vitest";
import type { NodeRun, RunDetail } from "../../lib/model";
import { completeNodeRuns, failedNode, placeInTime } from "./steps";

function nodeRun(node_id: string, part: Partial<NodeRun> = {}): NodeRun {
  return {
    id: node_id,
    run_id: "r",
    node_id,
    status: "success",
    row_count: 1,
    started_at: null,
    duration_ms: 50,
    queue_ms: 100,
    rows_per_sec: 0,
    attempt: 0,
    ...part,
  };
}

const run: RunDetail = {
  id: "r",
  pipeline_id: "p",
  pipeline_name: "P",
  pipeline_version: 1,
  status: "failed",
  trigger: "manual",
  created_at: "",
  started_at: null,
  finished_at: null,
  node_runs: [nodeRun("b", { status: "failed" })],
  document: {
    nodes: ["a", "b"].map((id) => ({ id, type: "filter", name: id })),
    edges: [],
  },
};

test("every node of the document has a line, in the document's order", () => {
  expect(completeNodeRuns(run).map(({ node_id, status }) => [node_id, status])).toEqual([
    ["a", "pending"],
    ["b", "failed"],
  ]);
});

test("the failed node is found", () => {
  expect(failedNode(run)?.node_id).toBe("b");
});

test("a bar begins after the wait and is as long as the work", () => {
  expect(placeInTime(nodeRun("a"), 200)).toEqual({ left: "50.00%", width: "25.00%" });
});
