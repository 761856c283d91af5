import { expect, test } from "vitest";
import { assign } from "./assign";
import { begin, redo, step, undo } from "./history";
import { sketchOf } from "./model";
import {
  addNode,
  addNote,
  connect,
  disconnect,
  group,
  insertInto,
  markEdge,
  move,
  removeDrawn,
  removeNodes,
  renameId,
  setAt,
  setNode,
} from "./operations";
import { readPath, writePath } from "./path";
import { blank, linesOf, read, write } from "./text";

const sales = `# Sales by country.
version: "1"
name: sales
nodes:
  # The file comes by sftp at five.
  - id: in
    type: source_file
    name: In
    config:
      path: in.csv # a week's worth
    position:
      x: 50
      "y": 50
  - id: out
    type: sink_file
    name: Out
    config:
      path: out.csv
    position:
      x: 330
      "y": 50
edges:
  - from: in # as it is
    to: out
groups:
  - id: all
    name: All
    nodes: [in, out]
tests:
  - name: t
    inputs:
      in: []
    expect:
      out: 1
`;

function open(text: string) {
  const reading = read(text);
  if ("error" in reading) throw new Error(reading.error.message);
  const { document } = reading;
  const sketch = () => sketchOf(document.toJS());
  return { document, sketch, text: () => write(document) };
}

test("what is read and written again is the same text", () => {
  expect(open(sales).text()).toBe(sales);
});

test("comments survive every change around them", () => {
  const { document, text, sketch } = open(sales);
  setNode(
    document,
    "in",
    { config: { path: "in.csv" } },
    { config: { path: "b.csv", format: "csv" } },
  );
  move(document, new Map([["in", { x: 1.4, y: 2 }]]));
  const id = addNode(document, { type: "filter", name: "Filter", position: { x: 0, y: 9 } });
  insertInto(document, { from: "in", to: "out" }, id);
  for (const kept of [
    "# Sales by country.\n",
    "# The file comes by sftp at five.\n",
    "path: b.csv # a week's worth\n      format: csv\n",
    "- from: in # as it is\n    to: filter\n",
  ]) {
    expect(text()).toContain(kept);
  }
  expect(sketch().nodes[0]?.position).toEqual({ x: 1, y: 2 });
  expect(sketch().edges.map(({ from, to }) => [from, to])).toEqual([
    ["in", "filter"],
    ["filter", "out"],
  ]);
});

test("a node that goes takes its edges and its place in a group with it", () => {
  const { document, sketch } = open(sales);
  removeNodes(document, ["in"]);
  expect(sketch()).toMatchObject({
    nodes: [{ id: "out" }],
    edges: [],
    groups: [{ nodes: ["out"] }],
  });
  removeNodes(document, ["out"]);
  expect(document.has("groups")).toBe(false);
  expect(write(document)).toContain("nodes: []");
  addNode(document, { type: "limit", name: "L", position: { x: 0, y: 0 } });
  expect(write(document)).toContain("nodes:\n  - id: limit");
});

test("an id is changed wherever it is spoken of", () => {
  const { document, text } = open(sales);
  renameId(document, "in", "source");
  expect(text()).not.toMatch(/\bin\b(?!\.csv)/);
  expect(text()).toContain("nodes: [source, out]");
  expect(text()).toContain("source: []");
});

test("ids are unique, and those of another document's form are not lost", () => {
  const { document, sketch } = open(blank("New"));
  for (let number = 0; number < 3; number++) {
    addNode(document, { type: "source_file", name: "", position: { x: 0, y: 0 } });
  }
  expect(sketch().nodes.map(({ id }) => id)).toEqual([
    "source-file",
    "source-file-2",
    "source-file-3",
  ]);
  connect(document, { from: "source-file", to: "source-file-2" }, true);
  markEdge(document, { from: "source-file", to: "source-file-2" }, false);
  expect(sketch().edges[0]).toMatchObject({ condition: false });
  disconnect(document, { from: "source-file", to: "source-file-2" });
  expect(sketch().edges).toEqual([]);
});

test("notes and groups come and go without a trace", () => {
  const { document, text } = open(sales);
  const note = addNote(document, { text: "Ask Ada", position: { x: 1, y: 2 }, color: "yellow" });
  expect(text()).toContain("text: Ask Ada");
  removeDrawn(document, "notes", note);
  expect(text()).toBe(sales);
  group(document, ["in"], "Only one");
  expect(document.toJS().groups).toEqual([
    { id: "all", name: "All", nodes: ["out"] },
    { id: "group", name: "Only one", nodes: ["in"] },
  ]);
});

test("a list changes where it differs", () => {
  const { document, text } = open("a:\n  - x: 1 # one\n  - x: 2 # two\n  - x: 3 # three\n");
  const before = [{ x: 1 }, { x: 2 }, { x: 3 }];
  assign(document, ["a"], before, [{ x: 1 }, { x: 3 }]);
  expect(text()).toBe("a:\n  - x: 1 # one\n  - x: 3 # three\n");
  assign(document, ["a"], [{ x: 1 }, { x: 3 }], [{ x: 0 }, { x: 1 }, { x: 3 }]);
  expect(text()).toBe("a:\n  - x: 0\n  - x: 1 # one\n  - x: 3 # three\n");
});

test("text of several lines, and text that looks like something else, stays text", () => {
  const { document, text } = open("name: a\nconfig:\n  query: select 1 # q\n");
  setAt(document, ["config", "query"], "select 1\nfrom x\n");
  setAt(document, ["config", "code"], "007");
  setAt(document, ["config", "word"], "yes");
  expect(text()).toContain("query: | # q\n    select 1\n    from x\n");
  expect(text()).toContain('code: "007"');
  expect(text()).toContain('word: "yes"');
  setAt(document, ["config", "word"], "1_000");
  expect(text()).toContain('word: "1_000"');
  setAt(document, ["config", "word"], { x: 1, y: 2 });
  expect(text()).toContain("word:\n    x: 1\n    y: 2\n");
  setAt(document, ["config"], undefined);
  expect(text()).toBe("name: a\n");
});

test("an alias that is changed leaves what it stood for as it was", () => {
  const { document, text } = open("a: &x\n  k: 1\nb: *x\n");
  setAt(document, ["b", "k"], 2);
  expect(document.toJS()).toEqual({ a: { k: 1 }, b: { k: 2 } });
  expect(text()).toContain("a: &x\n  k: 1\n");
});

test("what cannot be read says where", () => {
  expect(read("name: a\nnodes: [")).toMatchObject({ error: { line: 2 } });
  expect(read("- a\n")).toMatchObject({ error: { line: 1 } });
  expect(read("name: a\nname: b\n")).toMatchObject({ error: { line: 2 } });
  expect("document" in read("")).toBe(true);
});

test("a place of a problem is found in the text", () => {
  expect(readPath("nodes[1].config.rules[0].column")).toEqual([
    "nodes",
    1,
    "config",
    "rules",
    0,
    "column",
  ]);
  expect(writePath(readPath("nodes[1].config.path"))).toBe("nodes[1].config.path");
  const lines = linesOf(sales, [
    ["nodes", 0, "config", "path"],
    ["nodes", 1],
    ["nodes", 1, "config", "missing"],
    ["nowhere"],
  ]);
  expect(lines.map(({ from }) => from)).toEqual([10, 14, 17, 1]);
});

test("keystrokes into one field are one step back", () => {
  let history = begin("");
  history = step(history, "a", { key: "name", at: 0 });
  history = step(history, "ab", { key: "name", at: 100 });
  history = step(history, "ab c", { key: "other", at: 200 });
  history = step(history, "ab c d", { key: "other", at: 9000 });
  expect(history.past).toEqual(["", "ab", "ab c"]);
  history = undo(undo(history));
  expect(history.present).toBe("ab");
  expect(redo(history).present).toBe("ab c");
  expect(step(history, "new", { at: 9001 }).future).toEqual([]);
  expect(undo(begin(1))).toEqual(begin(1));
});

test("what has no shape to draw is left out", () => {
  const sketch = sketchOf({
    nodes: ["x", { id: "a" }, { id: "a" }, { id: 3 }, { id: "b", position: { x: "1" } }],
    edges: [{ from: "a", to: "b" }, { from: "a", to: "z" }, null],
    notes: "none",
    groups: [{ id: "g", nodes: ["a", "z"] }],
  });
  expect(sketch.nodes.map(({ id, index }) => [id, index])).toEqual([
    ["a", 1],
    ["b", 4],
  ]);
  expect(sketch.edges).toHaveLength(1);
  expect(sketch.groups[0]?.nodes).toEqual(["a"]);
});
