import type { Sketch } from "../../lib/document/model";
import { readPath } from "../../lib/document/path";
import type { Problem } from "../../lib/model";

/** Something that is wrong, and the node it is wrong with. */
export type Found = Problem & {
  level: "error" | "warning";
  /** Missing when it is about the pipeline as a whole. */
  node?: string;
  /** Where in the node's settings. */
  setting?: string;
};

/** Says for each problem which node and which setting it is about. */
export function locate(
  problems: Problem[],
  level: Found["level"],
  { nodes, edges }: Pick<Sketch, "nodes" | "edges">,
): Found[] {
  return problems.map((problem) => ({ ...problem, level, ...ownerOf(problem.path, nodes, edges) }));
}

/** The node that a place is in, and the place in its settings. */
function ownerOf(
  path: string,
  nodes: Sketch["nodes"],
  edges: Sketch["edges"],
): Pick<Found, "node" | "setting"> {
  const [list, index, member] = readPath(path);
  if (list === "edges") {
    const to = edges.find((edge) => edge.index === index)?.to;
    return to ? { node: to } : {};
  }
  const node = list === "nodes" ? nodes.find((one) => one.index === index)?.id : undefined;
  if (!node) return {};
  const setting = path.slice(`nodes[${index}].config`.length).replace(/^\./, "");
  return member === "config" && setting ? { node, setting } : { node };
}

/** How many errors and warnings nodes have. */
export function countByNode(found: Found[]): Map<string, { level: Found["level"]; count: number }> {
  const counts = new Map<string, { level: Found["level"]; count: number }>();
  for (const { node, level } of found) {
    if (!node) continue;
    const { count = 0, level: worst = "warning" } = counts.get(node) ?? {};
    counts.set(node, { count: count + 1, level: level === "error" ? level : worst });
  }
  return counts;
}
