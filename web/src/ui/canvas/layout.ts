import dagre from "@dagrejs/dagre";
import type { Graph } from "../../lib/model";

export type Point = { x: number; y: number };

/** The size every node is drawn with. */
export const nodeSize = { width: 208, height: 56 };

/**
 * Where each node stands. Positions that people gave are kept; when every node
 * stands at the origin nobody gave any, and the graph is laid out from left to right.
 */
export function placeNodes(graph: Graph): Map<string, Point> {
  const placed = graph.nodes.some(({ position }) => position?.x || position?.y);
  return placed
    ? new Map(graph.nodes.map((node) => [node.id, node.position ?? { x: 0, y: 0 }]))
    : layOut(graph);
}

/** Where each node of a graph stands when it flows from left to right, wherever it stood. */
export function layOut({ nodes, edges }: Graph): Map<string, Point> {
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({ rankdir: "LR", ranksep: 76, nodesep: 32 });
  graph.setDefaultEdgeLabel(() => ({}));
  const known = new Set(nodes.map((node) => node.id));
  for (const id of known) graph.setNode(id, { ...nodeSize });
  for (const { from, to } of edges) {
    if (known.has(from) && known.has(to)) graph.setEdge(from, to);
  }
  dagre.layout(graph);
  // dagre answers with middles, the canvas wants upper left corners.
  return new Map(
    nodes.map(({ id }) => {
      const { x = 0, y = 0 } = graph.node(id) ?? {};
      return [id, { x: x - nodeSize.width / 2, y: y - nodeSize.height / 2 }];
    }),
  );
}
