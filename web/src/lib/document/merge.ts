import {
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  visit,
  YAMLMap,
} from "yaml";
import { type Path, writePath } from "./path";
import { type Reading, read, write } from "./text";

/** A part of a document; undefined where there is none. */
type Part = Node | undefined;

/** The comments of one part, which is looked at without what is in it. */
type Remarked = { commentBefore?: string | null; comment?: string | null; spaceBefore?: boolean };

/** Items of a list by their names, or by their places. */
type Items = Map<string | number, Node>;

/** What a merge is told of, beside its result. */
type Found = (path: Path) => void;

const partOf = (pair: Pair | undefined): Part => (isNode(pair?.value) ? pair.value : undefined);

const keyOf = ({ key }: Pair): string => String(isScalar(key) ? key.value : key);

/** All that a part says, comments too, as text that can be compared; how it is written counts for nothing. */
function said(part: Part): string {
  return part ? JSON.stringify(shape(part)) : "";
}

function shape(part: unknown): unknown {
  if (!isNode(part)) return part ?? null;
  const remarks = [part.commentBefore ?? "", part.comment ?? ""];
  if (isMap(part)) {
    const pairs = part.items.map((pair) => [keyOf(pair), shape(pair.key), shape(pair.value)]);
    return [remarks, "{", ...pairs.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1))];
  }
  if (isSeq(part)) return [remarks, "[", ...part.items.map(shape)];
  return [remarks, isScalar(part) ? part.value : String(part)];
}

/** The same without comments. */
const plain = (part: Part): string => (part ? JSON.stringify(part.toJSON()) : "");

/** What makes an item of a list the same one in another version. */
function nameOf(item: unknown): string | undefined {
  if (!isMap(item)) return undefined;
  const [id, from, to] = ["id", "from", "to"].map((member) => item.get(member));
  if (typeof id === "string") return id;
  return typeof from === "string" && typeof to === "string" ? `${from} -> ${to}` : undefined;
}

/** A list by the names of its items; undefined when they have none, or two have one. */
function named(list: Part): Items | undefined {
  const all: Items = new Map();
  // A list that is not there is one without items.
  if (!list || (isScalar(list) && list.value === null)) return all;
  if (!isSeq(list)) return undefined;
  for (const item of list.items) {
    const name = nameOf(item);
    if (name === undefined || all.has(name)) return undefined;
    all.set(name, item as Node);
  }
  return all;
}

/**
 * Brings two changes of one part together, into mine where that is there. Where both changed the
 * same, mine stays and the place is noted.
 */
function bring(base: Part, theirs: Part, mine: Part, path: Path, both: Found): Part {
  const [b, t, m] = [said(base), said(theirs), said(mine)];
  if (t === m || b === t) return mine;
  if (b === m) return theirs;
  const merged = bringValues(base, theirs, mine, path, both);
  if (merged && theirs) bringRemarks(base, theirs, merged, path, both);
  return merged;
}

function bringValues(base: Part, theirs: Part, mine: Part, path: Path, both: Found): Part {
  if (isMap(theirs) && isMap(mine)) {
    return bringMembers(isMap(base) ? base : new YAMLMap(), theirs, mine, path, both);
  }
  const lists = listsOf(base, theirs, mine);
  if (lists) return bringItems(lists, theirs, mine, path, both);
  const [b, t, m] = [plain(base), plain(theirs), plain(mine)];
  if (t === m || b === t) return mine;
  if (b !== m) both(path);
  else if (theirs) return withRemarks(theirs, mine);
  return mine;
}

/** The items of three lists by what makes them the same; undefined when that cannot be told. */
function listsOf(base: Part, theirs: Part, mine: Part): Items[] | undefined {
  const all = [base, theirs, mine].map(named);
  const [b = new Map(), t, m] = all;
  if (t && m) return [b, t, m];
  const lists = [base, theirs, mine].flatMap((one) => (isSeq(one) ? [one.items] : []));
  const same = lists.length === 3 && lists.every(({ length }) => length === lists[0]?.length);
  return same
    ? lists.map((items) => new Map(items.map((item, at) => [at, item as Node])))
    : undefined;
}

/** Their value with my comments, which are brought together afterwards. */
function withRemarks(theirs: Node, mine: Part): Node {
  const made = theirs.clone() as Node & Remarked;
  made.commentBefore = mine?.commentBefore ?? null;
  made.comment = mine?.comment ?? null;
  return made;
}

function bringMembers(base: YAMLMap, theirs: YAMLMap, mine: YAMLMap, path: Path, both: Found) {
  const pair = (map: YAMLMap, name: string) => map.items.find((one) => keyOf(one) === name);
  for (const name of new Set([...mine.items, ...theirs.items].map(keyOf))) {
    const [b, t, m] = [pair(base, name), pair(theirs, name), pair(mine, name)];
    const inside = [...path, name];
    const value = bring(partOf(b), partOf(t), partOf(m), inside, both);
    if (!value) mine.items = mine.items.filter((one) => one !== m);
    else if (m) m.value = value;
    else if (t) mine.items.push(t);
    if (value && m && t) bringRemarks(b?.key, t.key, m.key, inside, both);
  }
  return mine;
}

/** Mine in their order, then what they have added. */
function bringItems(lists: Items[], theirList: Part, myList: Part, path: Path, both: Found): Part {
  const [base, theirs, mine] = lists;
  const names = new Set([...(mine?.keys() ?? []), ...(theirs?.keys() ?? [])]);
  const items = [...names].flatMap(
    (name) =>
      bring(base?.get(name), theirs?.get(name), mine?.get(name), [...path, name], both) ?? [],
  );
  const list = isSeq(myList) ? myList : isSeq(theirList) ? theirList : undefined;
  // "[]" is how an empty list is written; what is added to it goes on lines of its own.
  if (list?.items.length === 0) list.flow = false;
  if (list) list.items = items;
  return list;
}

/** Takes their comments where mine are as they were. */
function bringRemarks(base: unknown, theirs: unknown, mine: unknown, path: Path, both: Found) {
  if (!isRemarked(theirs) || !isRemarked(mine)) return;
  for (const where of ["commentBefore", "comment"] as const) {
    const [b, t, m] = [base, theirs, mine].map((part) => remark(part, where));
    if (t === m || t === b) continue;
    if (m !== b) {
      both([...path, "comment"]);
      continue;
    }
    mine[where] = t || null;
    if (where === "commentBefore" && theirs.spaceBefore) mine.spaceBefore = true;
  }
}

const remark = (part: unknown, where: "commentBefore" | "comment"): string =>
  (isRemarked(part) && part[where]) || "";

const isRemarked = (part: unknown): part is Remarked => isNode(part);

export type Merged = {
  text: string;
  /** Where both changed the same: mine is in the text. */
  both: string[];
};

/**
 * My text with their changes: what only one of us changed is taken, values and comments alike. Theirs
 * and mine were made from base. undefined when a text is no pipeline.
 */
export function mergeTexts(base: string, theirs: string, mine: string): Merged | undefined {
  const [b, t, m] = [read(base), read(theirs), read(mine)];
  if ("error" in b || "error" in t || "error" in m) return undefined;
  for (const one of [b, t, m]) spellOut(one);
  const both: Path[] = [];
  const note: Found = (path) => both.push(path);
  const merged = bring(contents(b), contents(t), contents(m), [], note);
  if (isMap(merged)) m.document.contents = merged;
  bringRemarks(b.document, t.document, m.document, [], note);
  dropLoose(m.document.get("nodes"), m.document.get("edges"));
  return { text: write(m.document), both: [...new Set(both.map(writePath))] };
}

type Sound = Exclude<Reading, { error: unknown }>;

const contents = ({ document }: Sound): Part => document.contents ?? undefined;

/** Puts what aliases stand for in their place: in another document that may not be there. */
function spellOut({ document }: Sound): void {
  visit(document, { Alias: (_, alias) => alias.resolve(document)?.clone() as Part });
  visit(document, {
    Node: (_, node) => {
      if (!isAlias(node) && "anchor" in node) delete node.anchor;
    },
  });
}

/** An edge whose node the other one has removed leads nowhere. */
function dropLoose(nodes: unknown, edges: unknown): void {
  if (!isSeq(edges)) return;
  const ids = new Set(isSeq(nodes) ? nodes.items.map((node) => isMap(node) && node.get("id")) : []);
  edges.items = edges.items.filter(
    (edge) => !isMap(edge) || (ids.has(edge.get("from")) && ids.has(edge.get("to"))),
  );
}
