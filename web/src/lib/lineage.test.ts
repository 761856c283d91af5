import { expect, test } from "vitest";
import { type Flow, reach } from "./lineage";

const flow = (from: string, to: string): Flow => ({ from, to, pipeline_id: "p", pipeline: "P" });

test("upstream and downstream, also in a circle", () => {
  const flows = [flow("a", "b"), flow("b", "c"), flow("c", "b"), flow("x", "c")];
  expect([...reach(flows, "a", "down")].toSorted()).toEqual(["b", "c"]);
  expect([...reach(flows, "b", "up")].toSorted()).toEqual(["a", "c", "x"]);
  expect([...reach(flows, "a", "up")]).toEqual([]);
});
