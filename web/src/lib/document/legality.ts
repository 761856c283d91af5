import type { NodeType } from "../model";
import type { Sketch } from "./model";

type Graph = Pick<Sketch, "nodes" | "edges">;
type Kinds = ReadonlyMap<string, NodeType>;
type End = { from: string; to: string };

/** Whether nodes of a kind give rows that others can take. */
export const gives = (kind: NodeType | undefined): boolean => kind?.has_output !== false;

/** Whether nodes of a kind take rows of others. */
export const takes = (kind: NodeType | undefined): boolean => kind?.max_inputs !== 0;

/** Why an edge must not be drawn, as a sentence; undefined when it may. */
export function whyNot(graph: Graph, kinds: Kinds, { from, to }: End): string | undefined {
  if (from === to) return "A node cannot feed itself.";
  if (graph.edges.some((edge) => edge.from === from && edge.to === to)) {
    return "They are joined already.";
  }
  const kindOf = (id: string) => kinds.get(graph.nodes.find((node) => node.id === id)?.type ?? "");
  const inputs = graph.edges.filter((edge) => edge.to === to).length;
  const refused = refusal(kindOf(from), kindOf(to), inputs);
  if (refused) return refused;
  return downstream(graph, to).has(from) ? "Rows would go round in a circle." : undefined;
}

/** Why rows of one kind cannot go into another that has so many inputs already. */
function refusal(source: NodeType | undefined, target: NodeType | undefined, inputs: number) {
  if (source && !gives(source)) return `${source.title} gives no output.`;
  if (!target) return undefined;
  if (!takes(target)) return source?.waits ? undefined : `${target.title} takes no input.`;
  const most = target.max_inputs;
  if (most < 0 || inputs < most) return undefined;
  return `${target.title} takes at most ${most} ${most === 1 ? "input" : "inputs"}.`;
}

/** How a new edge out of a node is marked: the branch that has no edge yet, of those that branch. */
export function markFor(graph: Graph, kinds: Kinds, from: string): boolean | undefined {
  const node = graph.nodes.find(({ id }) => id === from);
  if (!kinds.get(node?.type ?? "")?.branches) return undefined;
  return !graph.edges.some((edge) => edge.from === from && edge.condition !== false);
}

/** A node and all that its rows reach. */
export function downstream({ edges }: Pick<Graph, "edges">, id: string): Set<string> {
  return reach(id, (one) => edges.filter(({ from }) => from === one).map(({ to }) => to));
}

/** A node and all whose rows reach it. */
export function upstream({ edges }: Pick<Graph, "edges">, id: string): Set<string> {
  return reach(id, (one) => edges.filter(({ to }) => to === one).map(({ from }) => from));
}

function reach(start: string, next: (id: string) => string[]): Set<string> {
  const found = new Set([start]);
  for (const id of found) for (const one of next(id)) found.add(one);
  return found;
}
