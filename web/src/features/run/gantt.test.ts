import { expect, test } from "vitest";
import type { Milestone } from "../../lib/history";
import { childBars, type Gantt, layOut, mergeMilestones, place, ticks } from "./gantt";

const start = Date.UTC(2026, 2, 1, 12);

const at = (ms: number) => new Date(start + ms).toISOString();

type Told = [type: Milestone["type"], ms: number, node?: string, status?: string];

function told(...events: Told[]): Milestone[] {
  return events.map(
    ([type, ms, node_id, status], n) =>
      Object.assign(
        { seq: n + 1, run_id: "r", type, at: at(ms) },
        { node_id, status },
      ) as Milestone,
  );
}

const document = {
  nodes: ["a", "b"].map((id) => ({ id, type: "filter", name: id })),
  edges: [{ from: "a", to: "b" }],
};

function lay(end: number | null, ...events: Told[]): Gantt {
  const run = { created_at: at(0), finished_at: end === null ? null : at(end), document };
  return layOut(run, told(...events), start + 1000);
}

/** "queued 0-100", with status and attempt where there are some. */
const words = (bars: Gantt["run"]) =>
  bars.map(({ kind, from, to, status, attempt }) =>
    [kind, `${from - start}-${to - start}`, status, attempt].filter(Boolean).join(" "),
  );

test("the time in the queue is apart from the work, of the run and of each node", () => {
  const gantt = lay(
    900,
    ["run.started", 100],
    ["node.started", 110, "a"],
    ["node.finished", 400, "a", "success"],
    ["node.started", 600, "b"],
    ["node.finished", 900, "b", "success"],
    ["run.finished", 900],
  );
  expect(words(gantt.run)).toEqual(["queued 0-100"]);
  expect(gantt.nodes.map(({ bars }) => words(bars))).toEqual([
    ["queued 100-110", "attempt 110-400 success"],
    ["queued 400-600", "attempt 600-900 success"],
  ]);
});

test("every attempt has a bar, and the last one goes on", () => {
  const gantt = lay(
    null,
    ["run.started", 0],
    ["node.started", 0, "a"],
    ["node.retrying", 200, "a"],
    ["node.retrying", 500, "a"],
  );
  expect(words(gantt.nodes[0]?.bars ?? [])).toEqual([
    "attempt 0-200 failed 1",
    "attempt 200-500 failed 2",
    "attempt 500-1000 running 3",
  ]);
  expect(gantt.nodes[1]?.bars).toEqual([]);
});

test("a run that waits or is interrupted shows it", () => {
  const gantt = lay(
    800,
    ["run.started", 100],
    ["node.started", 100, "a"],
    ["run.waiting", 200],
    ["run.started", 300],
    ["run.interrupted", 400],
    ["run.started", 600],
    ["node.started", 600, "a"],
    ["node.finished", 800, "a", "success"],
    ["run.finished", 800],
  );
  expect(words(gantt.run)).toEqual(["queued 0-100", "waiting 200-300", "queued 400-600"]);
  expect(words(gantt.nodes[0]?.bars ?? [])).toEqual([
    "attempt 100-400 cancelled 1",
    "attempt 600-800 success 2",
  ]);
});

test("a run that has not started is in the queue until now", () => {
  expect(words(lay(null).run)).toEqual(["queued 0-1000"]);
});

test("a run that another one has started", () => {
  const run = {
    id: "c",
    pipeline_id: "p",
    pipeline_name: "P",
    pipeline_version: 1,
    status: "success" as const,
    trigger: "pipeline",
    created_at: at(10),
    started_at: at(50),
    finished_at: at(90),
  };
  expect(words(childBars(run, 0))).toEqual(["queued 10-50", "attempt 50-90 success"]);
  const pending = { ...run, status: "pending" as const, started_at: null, finished_at: null };
  expect(words(childBars(pending, start + 70))).toEqual(["queued 10-70"]);
});

test("bars lie in percent of the whole", () => {
  const bar = { kind: "attempt" as const, from: start + 250, to: start + 500 };
  expect(place(bar, { from: start, to: start + 1000 })).toEqual({
    left: "25.000%",
    width: "25.000%",
  });
});

test.each([
  [1000, [0, 200, 400, 600, 800, 1000]],
  [7, [0, 2, 4, 6]],
  [90_000, [0, 20_000, 40_000, 60_000, 80_000]],
])("marks for %d ms", (ms, want) => {
  expect(ticks(ms)).toEqual(want);
});

test("doubled events count once", () => {
  const all = told(["run.started", 0], ["node.started", 1, "a"]);
  expect(mergeMilestones(all.slice(0, 1), all)).toEqual(all);
  expect(mergeMilestones(all, all)).toBe(all);
});
