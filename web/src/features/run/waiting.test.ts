import { expect, test } from "vitest";
import type { RunDetail } from "../../lib/model";
import { whyWaiting } from "./waiting";

const run = {
  status: "pending",
  document: { nodes: [{ id: "w", type: "wait", name: "Orders are there" }], edges: [] },
  node_runs: [{ node_id: "w", status: "running" }],
} as unknown as RunDetail;

test("a pending run says what is in its way", () => {
  expect(whyWaiting({ ...run, wait_reason: "2 of 2 runs are under way" })).toBe(
    "Not started yet: 2 of 2 runs are under way.",
  );
  expect(whyWaiting(run)).toContain("next in the queue");
});

test("a waiting run names the nodes that wait", () => {
  expect(whyWaiting({ ...run, status: "waiting" })).toBe(
    "Waiting for Orders are there. It holds no slot meanwhile.",
  );
  expect(whyWaiting({ ...run, status: "waiting", node_runs: null })).toContain("holds no slot");
});

test("a run at work waits for nothing", () => {
  expect(whyWaiting({ ...run, status: "running" })).toBeUndefined();
});
