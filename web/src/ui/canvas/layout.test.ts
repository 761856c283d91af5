import { expect, test } from "vitest";
import type { Graph } from "../../lib/model";
import { nodeSize, placeNodes } from "./layout";

function graph(positions: Record<string, [number, number]>, edges: [string, string][]): Graph {
  return {
    nodes: Object.entries(positions).map(([id, [x, y]]) => ({
      id,
      type: "transform",
      name: id,
      config: {},
      position: { x, y },
    })),
    edges: edges.map(([from, to]) => ({ from, to })),
  };
}

test("positions that people gave are kept", () => {
  const places = placeNodes(graph({ a: [0, 0], b: [300, 40] }, [["a", "b"]]));
  expect(places.get("b")).toEqual({ x: 300, y: 40 });
});

test("a graph without positions flows from left to right, nothing overlapping", () => {
  const none: [number, number] = [0, 0];
  const places = placeNodes(
    graph({ a: none, b: none, c: none, d: none }, [
      ["a", "b"],
      ["a", "c"],
      ["b", "d"],
      ["c", "d"],
    ]),
  );
  const at = (id: string) => places.get(id) ?? { x: Number.NaN, y: Number.NaN };
  expect(at("a").x + nodeSize.width).toBeLessThan(at("b").x);
  expect(at("b").x + nodeSize.width).toBeLessThan(at("d").x);
  expect(Math.abs(at("b").y - at("c").y)).toBeGreaterThanOrEqual(nodeSize.height);
});

test("an edge to a node that is not there is left out", () => {
  const places = placeNodes(graph({ a: [0, 0] }, [["a", "gone"]]));
  expect([...places.keys()]).toEqual(["a"]);
});
