import { expect, test } from "vitest";
import type { NodeRun, RunDetail } from "../../lib/model";
import { changeWords, columnChanges, pairNodes } from "./compare";

function run(nodes: Record<string, number>): RunDetail {
  const ids = Object.keys(nodes);
  return {
    id: "r",
    pipeline_id: "p",
    pipeline_name: "P",
    pipeline_version: 1,
    status: "success",
    trigger: "manual",
    created_at: "",
    started_at: null,
    finished_at: null,
    document: { nodes: ids.map((id) => ({ id, type: "filter", name: `N ${id}` })), edges: [] },
    node_runs: ids.map(
      (node_id): NodeRun => ({
        id: node_id,
        run_id: "r",
        node_id,
        status: "success",
        row_count: nodes[node_id] ?? 0,
        started_at: null,
        duration_ms: 1,
        queue_ms: 0,
        rows_per_sec: 0,
        attempt: 0,
      }),
    ),
  };
}

const x = { name: "x", type: "BIGINT" };
const y = { name: "y", type: "VARCHAR" };

test("nodes are paired by id, and those that are gone come last", () => {
  const pairs = pairNodes(
    { run: run({ gone: 1, same: 2, grown: 3 }), columns: [] },
    { run: run({ fresh: 1, same: 2, grown: 4 }), columns: [] },
  );
  expect(pairs.map(({ id, name, changed }) => [id, name, changed])).toEqual([
    ["fresh", "N fresh", true],
    ["same", "N same", false],
    ["grown", "N grown", true],
    ["gone", "N gone", true],
  ]);
  expect(pairs[0]?.a).toBeUndefined();
});

test("other columns make a difference, unknown ones do not", () => {
  const side = (columns: (typeof x)[]) => ({
    run: run({ n: 1 }),
    columns: [{ node_id: "n", columns }],
  });
  expect(pairNodes(side([x]), side([x, y]))[0]?.changed).toBe(true);
  expect(pairNodes(side([x]), { run: run({ n: 1 }), columns: [] })[0]).toMatchObject({
    changed: false,
    columns: undefined,
  });
});

test("columns are added, removed and get other types", () => {
  expect(
    columnChanges(
      [x, y],
      [
        { name: "x", type: "DOUBLE" },
        { name: "z", type: "DATE" },
      ],
    ),
  ).toEqual([
    { name: "x", what: "changed", before: "BIGINT", after: "DOUBLE" },
    { name: "z", what: "added", after: "DATE" },
    { name: "y", what: "removed", before: "VARCHAR" },
  ]);
  expect(columnChanges(undefined, [x])).toBeUndefined();
});

test.each([
  [100, 100, ""],
  [0, 5, ""],
  [100, 112, "+12 %"],
  [1000, 970, "−3.0 %"],
  [1_000_000, 1_000_001, "+<0.1 %"],
  [10, 500, "×50"],
])("%d to %d is %s", (before, after, want) => {
  expect(changeWords(before, after)).toBe(want);
});
