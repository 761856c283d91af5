import { type Edge, type Node, Position } from "@xyflow/react";
import { formatRows } from "../../lib/format";
import type { Graph, NodeRun, NodeType, PipelineEdge, PipelineNode } from "../../lib/model";
import { attemptWords } from "../../lib/run-events";
import { labelOf } from "../../lib/status";
import { nodeSize, placeNodes } from "./layout";

/** How a node goes or went, in a run or in a trial. */
export type StepRun = Pick<NodeRun, "node_id" | "status" | "row_count"> &
  Partial<Pick<NodeRun, "duration_ms" | "progress" | "attempt" | "attempts" | "restored">>;

/** What a drawn node shows. nodeRun is there only when something runs or ran. */
export type StepData = {
  step: PipelineNode;
  kind?: NodeType;
  nodeRun?: StepRun;
  /** Rows are pinned to it. */
  pinned: boolean;
};

export type StepNode = Node<StepData, "step">;

export type Drawing = {
  graph: Graph;
  kinds: NodeType[];
  nodeRuns?: StepRun[];
  /** The nodes that rows are pinned to. */
  pinned?: ReadonlySet<string>;
  /** The nodes that stand out; the others fade. */
  lit?: ReadonlySet<string>;
  selected?: string;
};

const middle = nodeSize.height / 2;

/** A pipeline's nodes and edges as the canvas draws them. */
export function drawElements(drawing: Drawing): { nodes: StepNode[]; edges: Edge[] } {
  const { graph, kinds, nodeRuns, pinned, lit, selected } = drawing;
  const places = placeNodes(graph);
  const kindOf = new Map(kinds.map((kind) => [kind.type, kind]));
  const runOf = new Map(nodeRuns?.map((nodeRun) => [nodeRun.node_id, nodeRun]));
  const nodes = graph.nodes.map((step): StepNode => {
    const kind = kindOf.get(step.type);
    const nodeRun = runOf.get(step.id);
    const held = pinned?.has(step.id) ?? false;
    const position = places.get(step.id) ?? { x: 0, y: 0 };
    return {
      id: step.id,
      type: "step",
      position,
      // Placed and not shifted: whatever is shifted costs the browser something whenever it draws.
      style: { left: position.x, top: position.y, transform: "none" },
      // Sizes and handles are told, not measured: live updates then never wait for the page's layout.
      ...nodeSize,
      measured: nodeSize,
      handles: [
        { type: "target", position: Position.Left, x: 0, y: middle, width: 1, height: 1 },
        { type: "source", position: Position.Right, x: nodeSize.width, y: middle },
      ],
      selected: step.id === selected,
      ...(lit && !lit.has(step.id) && { className: "faded" }),
      ariaLabel: `${inWords(step, kind, nodeRun)}${held ? ", rows pinned" : ""}`,
      data: { step, pinned: held, ...(kind ? { kind } : {}), ...(nodeRun ? { nodeRun } : {}) },
    };
  });
  return { nodes, edges: graph.edges.map((edge) => drawEdge(edge, runOf, lit)) };
}

function drawEdge(
  edge: PipelineEdge,
  runOf: Map<string, StepRun>,
  lit: ReadonlySet<string> | undefined,
): Edge {
  const faded = lit && !(lit.has(edge.from) && lit.has(edge.to));
  const label = edgeLabel(edge, runOf.get(edge.from));
  const flowing = runOf.get(edge.to)?.status === "running";
  return {
    id: `${edge.from}->${edge.to}:${edge.condition ?? ""}`,
    source: edge.from,
    target: edge.to,
    animated: flowing,
    focusable: false,
    ...(faded && { className: "faded" }),
    ...(label ? { label, labelShowBg: true } : {}),
  };
}

/** The branch of a condition, and how many rows went over the edge where that is known. */
function edgeLabel(edge: PipelineEdge, from: StepRun | undefined): string {
  if (edge.condition !== undefined) return edge.condition ? "if true" : "if false";
  const counted = from?.status === "success" || (from?.status === "running" && from.row_count > 0);
  return from && counted ? formatRows(from.row_count) : "";
}

function inWords(step: PipelineNode, kind?: NodeType, nodeRun?: StepRun): string {
  const what = `${step.name || step.id}, ${kind?.title ?? step.type}`;
  if (!nodeRun) return what;
  const rows = nodeRun.status === "success" ? `, ${formatRows(nodeRun.row_count)}` : "";
  const tries =
    nodeRun.status === "running" && nodeRun.attempt
      ? `, ${attemptWords(nodeRun.attempt, nodeRun.attempts).toLowerCase()}`
      : "";
  return `${what}, ${labelOf(nodeRun.status)}${tries}${rows}`;
}
