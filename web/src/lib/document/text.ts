import { Document, isAlias, isMap, isScalar, LineCounter, parseDocument } from "yaml";
import type { Plain } from "./model";
import type { Path } from "./path";

/** What is wrong with a text, and in which line. */
export type TextError = { message: string; line: number };

/** A text that is a pipeline, or why it is none. */
export type Reading = { document: Document; plain: Plain } | { error: TextError };

/** Text that older readers of YAML take for something else is quoted; y, the place of a node, is not. */
const olderForms = [
  { tag: "tag:yaml.org,2002:bool", test: /^(?:yes|no|on|off)$/i },
  { tag: "tag:yaml.org,2002:int", test: /^[-+]?(?:0[0-7_]+|0b[01_]+|[1-9][0-9_]*)$/ },
  { tag: "tag:yaml.org,2002:float", test: /^[-+]?[0-9][0-9_]*\.[0-9_]*(?:e[-+]?[0-9]+)?$/i },
].map((form) => ({ ...form, default: true, resolve: (text: string) => text }));

const options = { compat: olderForms, version: "1.2" } as const;

/** Reads a pipeline in its YAML form. */
export function read(text: string): Reading {
  const lines = new LineCounter();
  const document: Document = parseDocument(text, {
    ...options,
    lineCounter: lines,
    prettyErrors: false,
  });
  const [wrong] = document.errors;
  if (wrong) {
    const { line } = lines.linePos(wrong.pos[0]);
    return { error: { message: wrong.message, line: Math.max(1, line) } };
  }
  if (document.contents === null) document.contents = document.createNode({});
  if (!isMap(document.contents)) {
    return { error: { message: "A pipeline is a mapping with name, nodes and edges.", line: 1 } };
  }
  try {
    return { document, plain: document.toJS({ maxAliasCount: 1000 }) as Plain };
  } catch (error) {
    return { error: { message: error instanceof Error ? error.message : String(error), line: 1 } };
  }
}

/** Writes a document as text: the comments are where they were. */
export function write(document: Document): string {
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

/** The lines that a place in a text takes, or those of the nearest thing around it. */
export function linesOf(text: string, paths: Path[]): { from: number; to: number }[] {
  const counter = new LineCounter();
  const document = parseDocument(text, { ...options, lineCounter: counter, prettyErrors: false });
  return paths.map((path) => {
    for (let length = path.length; length > 0; length--) {
      const range = rangeOf(document, path.slice(0, length));
      if (!range) continue;
      const from = counter.linePos(range[0]).line;
      // The end of a block is the beginning of the next line.
      const to = counter.linePos(Math.max(range[0], range[1] - 1)).line;
      return { from, to: Math.max(from, to) };
    }
    return { from: 1, to: 1 };
  });
}

/** From the key of a member, or the beginning of an item, to its end. */
function rangeOf(document: Document, path: Path): [number, number] | undefined {
  const node = document.getIn(path, true) as { range?: [number, number, number] } | undefined;
  const last = path.at(-1);
  const parent = path.length > 1 ? document.getIn(path.slice(0, -1), true) : document.contents;
  if (isMap(parent)) {
    const pair = parent.items.find(({ key }) => isScalar(key) && key.value === last);
    const key = pair?.key as { range?: [number, number, number] } | undefined;
    if (key?.range) return [key.range[0], node?.range?.[1] ?? key.range[1]];
  }
  return node?.range ? [node.range[0], node.range[1]] : undefined;
}

/** The text of a pipeline that has nothing yet. */
export function blank(name: string): string {
  return write(
    new Document(
      { version: "1", ir_version: "2.2", name, draft: true, nodes: [], edges: [] },
      options,
    ),
  );
}

/** Replaces an alias at a place by what it stands for, so that only this place changes. */
export function unalias(document: Document, path: Path): void {
  for (let length = 1; length <= path.length; length++) {
    const part = path.slice(0, length);
    const node = document.getIn(part, true);
    if (isAlias(node)) document.setIn(part, document.createNode(node.toJS(document)));
  }
}
