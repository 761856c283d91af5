import { type Document, isMap, parseDocument, stringify } from "yaml";
import { listOf } from "./assign";
import type { Point, Sketch } from "./model";
import { sketchOf } from "./model";
import { connect, freeId, idsOf } from "./operations";

type Clip = Pick<Sketch, "nodes" | "edges" | "notes">;

/** Chosen nodes with the edges between them, and notes, as YAML. "" when nothing is chosen. */
export function copy(document: Document, chosen: ReadonlySet<string>): string {
  const plain = document.toJS() as Record<string, unknown>;
  const pick = (member: string) =>
    (Array.isArray(plain[member]) ? plain[member] : []).filter(
      (item: { id?: string }) => item?.id !== undefined && chosen.has(item.id),
    );
  const [nodes, notes] = [pick("nodes"), pick("notes")];
  if (nodes.length + notes.length === 0) return "";
  const edges = sketchOf(plain)
    .edges.filter(({ from, to }) => chosen.has(from) && chosen.has(to))
    .map(({ index: _, ...edge }) => edge);
  const clip = { nodes, edges, ...(notes.length > 0 ? { notes } : {}) };
  return stringify(clip, { lineWidth: 0, compat: "yaml-1.1" });
}

/** What a text from the clipboard has of a pipeline; undefined when that is nothing. */
export function readClip(text: string): Clip | undefined {
  if (!/^(nodes|notes|name|version|"?nodes"?)\b|^#|^\s*\{/m.test(text)) return undefined;
  const document = parseDocument(text);
  if (document.errors.length > 0 || !isMap(document.contents)) return undefined;
  const { nodes, edges, notes } = sketchOf(document.toJS({ maxAliasCount: 1000 }));
  return nodes.length + notes.length > 0 ? { nodes, edges, notes } : undefined;
}

/** Adds what was copied, under ids that are free, moved by some way. Returns the new ids. */
export function paste(document: Document, clip: Clip, by: Point): Set<string> {
  const taken = new Set([...idsOf(document, "nodes"), ...idsOf(document, "notes")]);
  const ids = new Map<string, string>();
  const renamed = (id: string) => {
    const free = freeId(id.replace(/-\d+$/, ""), taken);
    const next = taken.has(id) ? free : id;
    taken.add(next);
    return next;
  };
  const moved = ({ x, y }: Point) => ({ x: Math.round(x + by.x), y: Math.round(y + by.y) });
  for (const { index: _, ...node } of clip.nodes) {
    const id = renamed(node.id);
    ids.set(node.id, id);
    const position = moved(node.position ?? { x: 0, y: 0 });
    listOf(document, "nodes").add(document.createNode({ ...node, id, position }));
  }
  for (const { from, to, condition } of clip.edges) {
    connect(document, { from: ids.get(from) ?? from, to: ids.get(to) ?? to }, condition);
  }
  const pasted = new Set(ids.values());
  for (const note of clip.notes) {
    const id = renamed(note.id);
    pasted.add(id);
    const position = moved(note.position);
    listOf(document, "notes").add(document.createNode({ ...note, id, position }));
  }
  return pasted;
}
