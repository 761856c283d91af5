import { type Document, isScalar, isSeq, type YAMLSeq } from "yaml";
import type { Path } from "./path";
import { unalias } from "./text";

type Members = Record<string, unknown>;

const isMembers = (value: unknown): value is Members =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Whether two plain values are the same. */
export function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, place) => same(item, b[place]));
  }
  if (!isMembers(a) || !isMembers(b)) return false;
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => name in b && same(a[name], b[name]))
  );
}

/**
 * Makes the value at a place of a document from `before` into `after`, touching as little as
 * possible: comments of what stays are kept. undefined as `after` removes it.
 */
export function assign(document: Document, path: Path, before: unknown, after: unknown): void {
  if (same(before, after)) return;
  unalias(document, path);
  if (after === undefined) {
    document.deleteIn(path);
  } else if (isMembers(before) && isMembers(after) && Object.keys(before).length > 0) {
    assignMembers(document, path, before, after);
  } else if (
    Array.isArray(before) &&
    Array.isArray(after) &&
    before.length > 0 &&
    after.length > 0
  ) {
    assignItems(document, path, before, after);
  } else {
    put(document, path, after);
  }
}

function assignMembers(document: Document, path: Path, before: Members, after: Members): void {
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (name in before || after[name] !== undefined) {
      assign(document, [...path, name], before[name], after[name]);
    }
  }
}

/** Lists change in the middle: what is the same at both ends stays. */
function assignItems(document: Document, path: Path, before: unknown[], after: unknown[]): void {
  const list = document.getIn(path, true);
  if (!isSeq(list)) {
    put(document, path, after);
    return;
  }
  let start = 0;
  while (start < before.length && start < after.length && same(before[start], after[start])) {
    start++;
  }
  let end = 0;
  const most = Math.min(before.length, after.length) - start;
  while (end < most && same(before.at(-1 - end), after.at(-1 - end))) end++;
  const paired = most - end;
  for (let place = start; place < start + paired; place++) {
    assign(document, [...path, place], before[place], after[place]);
  }
  const from = start + paired;
  list.items.splice(
    from,
    before.length - end - from,
    ...after.slice(from, after.length - end).map((item) => document.createNode(item)),
  );
}

/** Sets one value; a value in place of another keeps its comment. */
export function put(document: Document, path: Path, value: unknown): void {
  const there = document.getIn(path, true);
  const plain = typeof value !== "object" || value === null;
  if (isScalar(there) && plain) {
    there.value = value;
    delete there.format;
    delete there.source;
    // What was written in one line is not a form for several.
    if (typeof value === "string" && value.includes("\n")) delete there.type;
    return;
  }
  const made = document.createNode(value);
  if (isScalar(made) && isScalar(there) && there.comment) made.comment = there.comment;
  document.setIn(path, made);
}

/** The list of a document's member, which is made when it is missing. */
export function listOf(document: Document, member: string): YAMLSeq {
  unalias(document, [member]);
  const there = document.get(member, true);
  if (isSeq(there)) {
    // "[]" is how an empty list is written; what is added to it goes on lines of its own.
    if (there.items.length === 0) there.flow = false;
    return there;
  }
  const made = document.createNode([]) as YAMLSeq;
  document.set(member, made);
  return made;
}
