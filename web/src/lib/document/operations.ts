import { type Document, isMap, isSeq, type YAMLMap, type YAMLSeq } from "yaml";
import type { Settings } from "../model";
import { assign, listOf, put } from "./assign";
import type { Regrouped } from "./membership";
import type { Colour, Group, Note, Point } from "./model";
import type { Path } from "./path";

/** A node that is to be. */
export type NewNode = { type: string; name: string; config?: Settings; position: Point };

type End = { from: string; to: string };

/** A name that is not taken: the wanted one, or that with a number. */
export function freeId(wanted: string, taken: Iterable<string>): string {
  const all = new Set(taken);
  const plain = wanted.replaceAll(/[^A-Za-z0-9_.-]+/g, "-").slice(0, 90) || "node";
  let id = plain;
  for (let number = 2; all.has(id); number++) id = `${plain}-${number}`;
  return id;
}

const members = (document: Document, member: string): YAMLMap[] => {
  const list = document.get(member, true);
  return isSeq(list) ? (list.items.filter(isMap) as YAMLMap[]) : [];
};

/** The ids in a list of a document. */
export const idsOf = (document: Document, member: string): string[] =>
  members(document, member).map((item) => String(item.get("id")));

/** The number of an item in its list; -1 when there is none of that id. */
export function placeOf(document: Document, member: string, id: string): number {
  const list = document.get(member, true);
  return isSeq(list) ? list.items.findIndex((item) => isMap(item) && item.get("id") === id) : -1;
}

const rounded = ({ x, y }: Point): Point => ({ x: Math.round(x), y: Math.round(y) });

/** Adds a node and returns its id. */
export function addNode(document: Document, node: NewNode): string {
  const id = freeId(node.type.replaceAll("_", "-"), idsOf(document, "nodes"));
  const { type, name, config = {}, position } = node;
  listOf(document, "nodes").add(
    document.createNode({ id, type, name, config, position: rounded(position) }),
  );
  return id;
}

/** Removes items from a list by a condition. */
function drop(document: Document, member: string, gone: (item: YAMLMap) => boolean): void {
  const list = document.get(member, true);
  if (!isSeq(list)) return;
  list.items = list.items.filter((item) => !isMap(item) || !gone(item as YAMLMap));
  if (list.items.length > 0) return;
  list.flow = true;
  // What stands before the first item spoke of it.
  list.commentBefore = null;
}

/** Removes nodes with the edges at them, and out of their groups. */
export function removeNodes(document: Document, ids: Iterable<string>): void {
  const gone = new Set<unknown>(ids);
  drop(document, "nodes", (node) => gone.has(node.get("id")));
  drop(document, "edges", (edge) => gone.has(edge.get("from")) || gone.has(edge.get("to")));
  for (const group of members(document, "groups")) {
    const inside = group.get("nodes", true);
    if (isSeq(inside)) {
      inside.items = inside.items.filter((item) => !gone.has((item as { value: unknown }).value));
    }
  }
  drop(document, "groups", (group) => (group.get("nodes") as YAMLSeq)?.items?.length === 0);
  forget(document, ["notes", "groups"]);
}

/** Members that have become empty go, so that a document without them has no trace of them. */
function forget(document: Document, names: string[]): void {
  for (const name of names) {
    const list = document.get(name, true);
    if (isSeq(list) && list.items.length === 0) document.delete(name);
  }
}

/** Gives a node another id, wherever it is spoken of. */
export function renameId(document: Document, id: string, next: string): void {
  const place = placeOf(document, "nodes", id);
  if (place < 0 || id === next) return;
  put(document, ["nodes", place, "id"], next);
  for (const edge of members(document, "edges")) {
    for (const end of ["from", "to"]) if (edge.get(end) === id) edge.set(end, next);
  }
  for (const one of members(document, "groups")) renameInGroup(one, id, next);
  for (const one of members(document, "tests")) renameInTest(one, id, next);
}

function renameInGroup(one: YAMLMap, id: string, next: string): void {
  const inside = one.get("nodes", true);
  if (!isSeq(inside)) return;
  for (const [at, item] of inside.toJSON().entries()) if (item === id) inside.set(at, next);
}

/** Tests name nodes by the keys of what goes in and what comes out. */
function renameInTest(one: YAMLMap, id: string, next: string): void {
  for (const member of ["inputs", "expect"]) {
    const map = one.get(member, true);
    if (!isMap(map)) continue;
    for (const pair of map.items) {
      const key = pair.key as { value?: unknown };
      if (key.value === id) key.value = next;
    }
  }
  const fails = one.get("fails", true);
  if (isMap(fails) && fails.get("node") === id) fails.set("node", next);
}

/** Draws an edge. */
export function connect(document: Document, { from, to }: End, condition?: boolean): void {
  const edge = { from, to, ...(condition === undefined ? {} : { condition }) };
  listOf(document, "edges").add(document.createNode(edge));
}

const isEdge =
  ({ from, to }: End) =>
  (edge: YAMLMap) =>
    edge.get("from") === from && edge.get("to") === to;

/** Takes an edge away. */
export function disconnect(document: Document, ends: End): void {
  drop(document, "edges", isEdge(ends));
}

/** Says whether rows go over an edge when a condition is true or when it is false. */
export function markEdge(document: Document, ends: End, condition: boolean): void {
  members(document, "edges").find(isEdge(ends))?.set("condition", condition);
}

/** Puts a node into an edge. */
export function insertInto(document: Document, { from, to }: End, id: string): void {
  const edge = members(document, "edges").find(isEdge({ from, to }));
  if (!edge) return;
  edge.set("to", id);
  connect(document, { from: id, to });
}

/** Puts nodes and notes where they are told to stand. */
export function move(document: Document, places: ReadonlyMap<string, Point>): void {
  for (const member of ["nodes", "notes"]) {
    for (const item of members(document, member)) {
      const to = places.get(String(item.get("id")));
      if (!to) continue;
      const { x, y } = rounded(to);
      const position = item.get("position", true);
      if (isMap(position)) {
        position.set("x", x);
        position.set("y", y);
      } else {
        item.set("position", document.createNode({ x, y }));
      }
    }
  }
}

/** Changes a node's name or settings. */
export function setNode(
  document: Document,
  id: string,
  before: Record<string, unknown>,
  after: Record<string, unknown>,
): void {
  const place = placeOf(document, "nodes", id);
  if (place < 0) return;
  for (const [member, value] of Object.entries(after)) {
    assign(document, ["nodes", place, member], before[member], value);
  }
}

/** Sets what stands at a place of the document; undefined removes it. */
export function setAt(document: Document, path: Path, value: unknown): void {
  const there = document.getIn(path);
  const plain =
    typeof there === "object" && there !== null && "toJSON" in there
      ? (there as { toJSON(): unknown }).toJSON()
      : there;
  assign(document, path, plain, value);
}

/** Adds a note and returns its id. */
export function addNote(document: Document, note: Omit<Note, "id">): string {
  const id = freeId("note", takenBy(document));
  const position = rounded(note.position);
  listOf(document, "notes").add(document.createNode({ id, ...note, position }));
  return id;
}

// Notes and nodes move by their ids alike, so none of them may have the other's.
const takenBy = (document: Document) => [
  ...idsOf(document, "nodes"),
  ...idsOf(document, "notes"),
  ...idsOf(document, "groups"),
];

/** Changes a note or a group. */
export function setDrawn(
  document: Document,
  member: "notes" | "groups",
  id: string,
  change: { text?: string; name?: string; color?: Colour; width?: number; height?: number },
): void {
  const place = placeOf(document, member, id);
  if (place < 0) return;
  for (const [name, value] of Object.entries(change)) put(document, [member, place, name], value);
}

/** Removes a note, or a group without its nodes. */
export function removeDrawn(document: Document, member: "notes" | "groups", id: string): void {
  drop(document, member, (item) => item.get("id") === id);
  forget(document, [member]);
}

/** Lets nodes change their groups; a group that has none left goes. */
export function regroup(document: Document, changes: Regrouped): void {
  if (changes.size === 0) return;
  for (const one of members(document, "groups")) {
    const inside = one.get("nodes", true);
    if (!isSeq(inside)) continue;
    inside.items = inside.items.filter(
      (item) => !changes.has(String((item as { value: unknown }).value)),
    );
    for (const [id, to] of changes) if (to === one.get("id")) inside.add(document.createNode(id));
  }
  drop(document, "groups", (one) => (one.get("nodes") as YAMLSeq)?.items?.length === 0);
  forget(document, ["groups"]);
}

/** Puts a frame around nodes, which leave the groups they were in; returns its id. */
export function group(document: Document, nodes: string[], name: string): string {
  for (const other of members(document, "groups")) {
    const inside = other.get("nodes", true);
    if (!isSeq(inside)) continue;
    inside.items = inside.items.filter(
      (item) => !nodes.includes(String((item as { value: unknown }).value)),
    );
  }
  drop(document, "groups", (other) => (other.get("nodes") as YAMLSeq)?.items?.length === 0);
  const made: Group = { id: freeId("group", takenBy(document)), name, nodes };
  listOf(document, "groups").add(document.createNode(made));
  return made.id;
}
