import { expect, test } from "vitest";
import type { NodeType } from "../model";
import { align, beside, between, distribute, frameOf, freeSpot, neighbour } from "./arrange";
import { copy, paste, readClip } from "./clipboard";
import { markFor, upstream, whyNot } from "./legality";
import { mergeTexts } from "./merge";
import { sketchOf } from "./model";
import { read, write } from "./text";

function open(text: string) {
  const reading = read(text);
  if ("error" in reading) throw new Error(reading.error.message);
  return reading.document;
}

const size = { width: 208, height: 56 };

function kind(
  type: string,
  inputs: [number, number],
  more: Partial<NodeType> = {},
): [string, NodeType] {
  const base = { title: type, summary: "", category: "transform", icon: "x", schema: {} };
  const [min_inputs, max_inputs] = inputs;
  return [type, { type, ...base, min_inputs, max_inputs, has_output: true, ...more }];
}

const kinds = new Map([
  kind("source", [0, 0]),
  kind("step", [1, 1]),
  kind("join", [2, 2]),
  kind("union", [1, -1]),
  kind("sink", [1, 1], { has_output: false }),
  kind("wait", [0, 1], { waits: true }),
  kind("condition", [1, 2], { branches: true }),
]);

function graph(types: Record<string, string>, edges: [string, string, boolean?][] = []) {
  return sketchOf({
    nodes: Object.entries(types).map(([id, type]) => ({ id, type })),
    edges: edges.map(([from, to, condition]) => ({ from, to, condition })),
  });
}

test("only legal edges can be drawn", () => {
  const types = {
    s: "source",
    t: "source",
    a: "step",
    b: "step",
    j: "join",
    u: "union",
    k: "sink",
    w: "wait",
  };
  const drawn = graph(types, [
    ["s", "a"],
    ["a", "b"],
    ["s", "j"],
  ]);
  const why = (from: string, to: string) => whyNot(drawn, kinds, { from, to });
  expect(why("a", "a")).toContain("itself");
  expect(why("s", "a")).toContain("already");
  expect(why("k", "a")).toContain("no output");
  expect(why("a", "t")).toContain("no input");
  expect(why("w", "t")).toBeUndefined();
  expect(why("t", "a")).toContain("at most 1 input");
  expect(why("t", "j")).toBeUndefined();
  expect(why("t", "u")).toBeUndefined();
  expect(why("b", "j")).toBeUndefined();
  expect(
    whyNot(graph({ a: "union", b: "union" }, [["a", "b"]]), kinds, { from: "b", to: "a" }),
  ).toContain("circle");
  expect([...upstream(drawn, "b")]).toEqual(["b", "a", "s"]);
});

test("edges out of a condition are for true first, then for false", () => {
  const types = { c: "condition", a: "step", b: "step" };
  expect(markFor(graph(types), kinds, "c")).toBe(true);
  expect(markFor(graph(types, [["c", "a", true]]), kinds, "c")).toBe(false);
  expect(markFor(graph(types), kinds, "a")).toBeUndefined();
});

const places = new Map([
  ["a", { x: 0, y: 0 }],
  ["b", { x: 300, y: 10 }],
  ["c", { x: 300, y: 200 }],
  ["d", { x: 900, y: 210 }],
]);

test("nodes are aligned and spread", () => {
  expect([...align(places, "top").values()].map(({ y }) => y)).toEqual([0, 0, 0, 0]);
  expect([...align(places, "middle").values()].map(({ x }) => x)).toEqual([450, 450, 450, 450]);
  expect(distribute(places, "x").get("c")?.x).toBe(600);
  expect(frameOf([...places.values()], size, 10)).toEqual({
    x: -10,
    y: -10,
    width: 1128,
    height: 286,
  });
});

test("what is added finds room", () => {
  expect(freeSpot(places.values(), { x: 10, y: 0 }, size)).toEqual({ x: 10, y: 88 });
  expect(beside(places, "a", size).x).toBe(284);
  const { at, moved } = between(
    { edges: [{ index: 0, from: "b", to: "d" }] },
    places,
    { from: "a", to: "b" },
    size,
  );
  expect(at.x).toBe(284);
  expect([...moved]).toEqual([
    ["b", { x: 568, y: 10 }],
    ["d", { x: 1168, y: 210 }],
  ]);
});

test("arrows lead along edges, else to what is nearest", () => {
  const edges = [{ index: 0, from: "a", to: "c" }];
  const go = (id: string, direction: "left" | "right" | "up" | "down") =>
    neighbour({ edges }, places, id, direction);
  expect(go("a", "right")).toBe("c");
  expect(go("c", "left")).toBe("a");
  expect(go("b", "left")).toBe("a");
  expect(go("c", "up")).toBe("b");
  expect(go("b", "down")).toBe("c");
  expect(go("d", "right")).toBeUndefined();
});

const text = `name: a
nodes:
  - {id: in, type: source, name: In, config: {path: "007"}, position: {x: 10, y: 20}}
  - {id: step-2, type: step, name: Step, config: {}, position: {x: 300, y: 20}}
edges:
  - {from: in, to: step-2}
notes:
  - {id: why, text: Because, position: {x: 0, y: 0}}
`;

test("what is copied can be pasted into the same and into another pipeline", () => {
  const here = read(text);
  if ("error" in here) throw new Error("unreadable");
  const clip = readClip(copy(here.document, new Set(["in", "step-2", "why"])));
  if (!clip) throw new Error("nothing copied");
  const ids = paste(here.document, clip, { x: 40, y: 40 });
  expect([...ids]).toEqual(["in-2", "step", "why-2"]);
  const sketch = sketchOf(here.document.toJS());
  expect(sketch.nodes[2]).toMatchObject({
    id: "in-2",
    config: { path: "007" },
    position: { x: 50, y: 60 },
  });
  expect(sketch.edges[1]).toMatchObject({ from: "in-2", to: "step" });
  const there = read("name: b\n");
  if ("error" in there) throw new Error("unreadable");
  paste(there.document, clip, { x: 0, y: 0 });
  expect(write(there.document)).toContain("id: in\n");
});

test("a text that is no pipeline is not pasted", () => {
  for (const no of ["", "hello", "nodes: [", "- a\n", "nodes: []", "name: only\n"]) {
    expect(readClip(no)).toBeUndefined();
  }
  expect(copy(open(text), new Set())).toBe("");
});

test("what two people changed comes together", () => {
  const theirs = text.replace("name: a", "name: theirs").replace("name: In", "name: Input");
  const mine = `# mine\n${text.replace("name: Step", "name: My step").replace("x: 300", "x: 400")}`;
  const merged = mergeTexts(text, theirs, mine);
  expect(merged?.both).toEqual([]);
  expect(merged?.text).toContain("# mine");
  for (const part of ["name: theirs", "name: Input", "name: My step", "x: 400"]) {
    expect(merged?.text).toContain(part);
  }
});

test("where both changed the same, mine stays and is told of", () => {
  const merged = mergeTexts(text, text.replace("In,", "Theirs,"), text.replace("In,", "Mine,"));
  expect(merged?.text).toContain("name: Mine");
  expect(merged?.both).toEqual(["nodes.in.name"]);
});

const remarked = `# Looked after by Ada.
name: a # short
nodes:
  # The list of the government.
  - id: read
    # Where it lies.
    config: {path: in.csv} # 3376 rows
  - id: few
    config: {rows: 5}
edges:
  - {from: read, to: few}
`;

test("comments of both sides come together, whoever wrote them", () => {
  const theirs = remarked
    .replace("Ada", "Bob")
    .replace("# 3376 rows", "# 3377 rows")
    .replace("  - id: few", "  # Enough to see.\n  - id: few")
    .replace(
      "edges:",
      "  # What is new.\n  - id: new # theirs\n    config: {}\n# How they hang together.\nedges:",
    );
  const mine = remarked
    .replace("rows: 5", "rows: 7")
    .replace("# short", "# the name")
    .replace("# Where it lies.", "# Where it lies now.");
  const merged = mergeTexts(remarked, theirs, mine);
  expect(merged).toEqual({
    both: [],
    text: `# Looked after by Bob.
name: a # the name
nodes:
  # The list of the government.
  - id: read
    # Where it lies now.
    config: {path: in.csv} # 3377 rows
  # Enough to see.
  - id: few
    config: {rows: 7}
  # What is new.
  - id: new # theirs
    config: {}
# How they hang together.
edges:
  - {from: read, to: few}
`,
  });
});

test("a comment goes with what it speaks of, and two about the same are told of", () => {
  const theirs = remarked.replace("# 3376 rows", "# theirs").replace("# short", "# brief");
  const gone = mergeTexts(remarked, remarked.replace(/ {4}# Where.*\n.*\n/, ""), remarked);
  expect(gone?.text).not.toContain("# Where it lies.");
  const mine = remarked.replace("# 3376 rows", "# mine").replace("path: in.csv", "path: out.csv");
  const merged = mergeTexts(remarked, theirs, mine);
  expect(merged?.text).toContain("config: {path: out.csv} # mine");
  expect(merged?.text).toContain("# brief");
  expect(merged?.both).toEqual(["nodes.read.config.comment"]);
  const removed = mergeTexts(remarked, remarked.replace(" # short", ""), mine);
  expect(removed?.text).toContain("name: a\n");
});

test("items without names are the same at the same place, while there are as many", () => {
  const base = "name: a\nrules:\n  - {column: a}\n  - {column: b}\n";
  const theirs = base.replace("{column: b}", "{column: b} # last");
  const mine = base.replace("column: a", "column: c");
  expect(mergeTexts(base, theirs, mine)).toEqual({
    both: [],
    text: "name: a\nrules:\n  - {column: c}\n  - {column: b} # last\n",
  });
  const longer = mergeTexts(base, `${base}  - {column: x}\n`, mine);
  expect(longer?.both).toEqual(["rules"]);
  expect(longer?.text).toBe(mine);
});

test("what aliases stand for is brought together as if it were written out", () => {
  const base = "name: a\nx: &it {rows: 5}\ny: *it\n";
  const merged = mergeTexts(base, base.replace("rows: 5", "rows: 6"), `${base}z: 1\n`);
  expect(open(merged?.text ?? "").toJS()).toEqual({
    name: "a",
    x: { rows: 6 },
    y: { rows: 6 },
    z: 1,
  });
});

test("a node that one adds and one that another removes are both seen to", () => {
  const theirs = text.replace(
    "edges:",
    "  - {id: new, type: step, name: New}\nedges:\n  - {from: in, to: new}",
  );
  const mine = text
    .replace(/ {2}- \{id: step-2.*\n/, "")
    .replace(/ {2}- \{from: in, to: step-2\}\n/, "");
  const merged = mergeTexts(text, theirs, mine);
  expect(sketchOf(open(merged?.text ?? "").toJS())).toMatchObject({
    nodes: [{ id: "in" }, { id: "new" }],
    edges: [{ from: "in", to: "new" }],
  });
  expect(mergeTexts(text, "a: [", text)).toBeUndefined();
});
