import { upstream } from "../../lib/document/legality";
import type { Plain, Sketch } from "../../lib/document/model";
import type { Problem } from "../../lib/model";

/**
 * What of a document leads to a node: the rest may be unfinished while this is tried. Tests are
 * left out, as they may speak of the rest.
 */
export function partUpTo(plain: Plain, sketch: Sketch, until: string | undefined): Plain {
  const { draft: _, tests: __, ...document } = plain;
  const named = { ...document, tests: [], name: document.name || "Untitled" };
  if (!until) return named;
  const inside = upstream(sketch, until);
  const nodes = sketch.nodes
    .filter(({ id }) => inside.has(id))
    .map(({ index }) => (plain.nodes as unknown[])[index]);
  const edges = sketch.edges
    .filter(({ from, to }) => inside.has(from) && inside.has(to))
    .map(({ index }) => (plain.edges as unknown[])[index]);
  return { ...named, nodes, edges, groups: [], notes: [] };
}

/** Problems of the part that was tried, by the places in the whole document. */
export function inWhole(problems: Problem[], sketch: Sketch, until: string | undefined): Problem[] {
  if (!until) return problems;
  const inside = upstream(sketch, until);
  const places = sketch.nodes.filter(({ id }) => inside.has(id)).map(({ index }) => index);
  return problems.map(({ path, message }) => ({
    path: path.replace(/^nodes\[(\d+)\]/, (_, place) => `nodes[${places[+place] ?? place}]`),
    message,
  }));
}

/** Whether what a node gave is still what it would give, as far as its settings say. */
export function isFresh(then: Sketch, now: Sketch, id: string): boolean {
  const before = upstream(then, id);
  const after = upstream(now, id);
  if (before.size !== after.size) return false;
  return [...after].every((one) => {
    const [a, b] = [then, now].map(({ nodes, edges }) => ({
      node: nodes.find((node) => node.id === one),
      inputs: edges.filter(({ to }) => to === one).map((e) => `${e.from} ${e.condition}`),
    }));
    return (
      a?.node?.type === b?.node?.type &&
      JSON.stringify([a?.node?.config, a?.inputs]) === JSON.stringify([b?.node?.config, b?.inputs])
    );
  });
}
