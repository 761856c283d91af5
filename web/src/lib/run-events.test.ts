import { expect, test } from "vitest";
import type { LogLine, RunDetail, RunEvent } from "./model";
import { attemptWords, foldEvent, mergeLines } from "./run-events";

const at = "2026-03-01T12:00:00Z";

const pending: RunDetail = {
  id: "r1",
  pipeline_id: "p1",
  pipeline_name: "Orders",
  pipeline_version: 1,
  status: "pending",
  trigger: "manual",
  created_at: at,
  started_at: null,
  finished_at: null,
  node_runs: [],
  document: { nodes: [], edges: [] },
};

const head = { run_id: "r1", at };

const story: RunEvent[] = [
  { ...head, seq: 1, type: "run.started" },
  { ...head, seq: 2, type: "node.started", node_id: "read" },
  { ...head, seq: 3, type: "node.progress", node_id: "read", progress: 0.5, rows: 40 },
  {
    ...head,
    seq: 4,
    type: "node.finished",
    node_id: "read",
    status: "success",
    rows: 100,
    duration_ms: 50,
  },
  { ...head, seq: 5, type: "run.finished", status: "success" },
];

function after(count: number): RunDetail {
  return story.slice(0, count).reduce(foldEvent, pending);
}

test("a run tells its story", () => {
  expect(after(1)).toMatchObject({ status: "running", started_at: at });
  expect(after(2).node_runs).toMatchObject([{ node_id: "read", status: "running" }]);
  expect(after(3).node_runs).toMatchObject([{ row_count: 40, progress: 0.5 }]);
  expect(after(4).node_runs).toMatchObject([
    { status: "success", row_count: 100, duration_ms: 50, rows_per_sec: 2000 },
  ]);
  expect(after(5)).toMatchObject({ status: "success", finished_at: at });
});

test("a story told twice ends the same", () => {
  expect(story.reduce(foldEvent, after(5))).toEqual(after(5));
});

test("a failed node keeps its reason, and so does the run", () => {
  const failed = foldEvent(after(3), {
    ...head,
    seq: 4,
    type: "node.finished",
    node_id: "read",
    status: "failed",
    error: "no such file",
  });
  expect(failed.node_runs).toMatchObject([{ status: "failed", error: "no such file" }]);
  const ended = foldEvent(failed, {
    ...head,
    seq: 5,
    type: "run.finished",
    status: "failed",
    error: "read: no such file",
  });
  expect(ended).toMatchObject({ status: "failed", error: "read: no such file" });
});

test("an interrupted run waits again, its nodes with it", () => {
  const back = foldEvent(after(3), { ...head, seq: 4, type: "run.interrupted" });
  expect(back).toMatchObject({ status: "pending", started_at: null });
  expect(back.node_runs).toEqual([]);
});

test("a run that waits keeps what its nodes have done", () => {
  const waiting = foldEvent(after(3), { ...head, seq: 4, type: "run.waiting" });
  expect(waiting.status).toBe("waiting");
  expect(waiting.node_runs).toEqual(after(3).node_runs);
});

test("log lines are merged in order, each once", () => {
  const line = (seq: number): LogLine => ({
    seq,
    run_id: "r1",
    level: "info",
    message: "",
    timestamp: at,
  });
  const merged = mergeLines([line(1), line(3)], [line(3), line(7)]);
  expect(merged.map(({ seq }) => seq)).toEqual([1, 3, 7]);
  expect(mergeLines(merged, [line(3)])).toBe(merged);
});

test("a new attempt of a node is told, also twice, and not once it has ended", () => {
  const again: RunEvent = {
    ...head,
    seq: 4,
    type: "node.retrying",
    node_id: "read",
    message: "attempt 2 of 4",
  };
  const retried = [again, again].reduce(foldEvent, after(3));
  expect(retried.node_runs).toMatchObject([
    { status: "running", attempt: 1, attempts: 4, progress: 0 },
  ]);
  expect(foldEvent(after(5), again)).toEqual(after(5));
  expect(attemptWords(1, 4)).toBe("Attempt 2 of 4");
  expect(attemptWords(1)).toBe("Attempt 2");
});
