import { expect, test } from "vitest";
import { sketchOf } from "../../lib/document/model";
import { countByNode, locate } from "./problems";
import { matching } from "./quick-pick";
import { inWhole, isFresh, partUpTo } from "./trial-part";

const plain = {
  name: "",
  draft: true,
  tests: [{ name: "t" }],
  nodes: [
    { id: "other", type: "source" },
    { id: "a", type: "source", config: { path: "x" } },
    { id: "b", type: "step" },
    { id: "c", type: "step" },
  ],
  edges: [
    { from: "a", to: "b" },
    { from: "b", to: "c" },
  ],
};
const sketch = sketchOf(plain);

test("a problem belongs to a node, and to one of its settings", () => {
  const found = locate(
    [
      { path: "nodes[1].config.path", message: "is missing" },
      { path: "nodes[1]", message: "is joined to nothing" },
      { path: "edges[1].condition", message: "is missing" },
      { path: "name", message: "is missing" },
    ],
    "error",
    sketch,
  );
  expect(found.map(({ node, setting }) => [node, setting])).toEqual([
    ["a", "path"],
    ["a", undefined],
    ["c", undefined],
    [undefined, undefined],
  ]);
  expect(countByNode(found).get("a")).toEqual({ level: "error", count: 2 });
});

test("what is tried is what leads to a node, and its problems are found in the whole", () => {
  const part = partUpTo(plain, sketch, "b");
  expect(part).toMatchObject({ name: "Untitled", tests: [], nodes: [{ id: "a" }, { id: "b" }] });
  expect(part.draft).toBeUndefined();
  const [problem] = inWhole([{ path: "nodes[0].config.path", message: "m" }], sketch, "b");
  expect(problem?.path).toBe("nodes[1].config.path");
});

test("what a node gave is old when something before it has changed, and not otherwise", () => {
  const changed = sketchOf({
    ...plain,
    nodes: plain.nodes.map((node) => (node.id === "a" ? { ...node, config: { path: "y" } } : node)),
  });
  expect(isFresh(sketch, changed, "b")).toBe(false);
  expect(isFresh(sketch, changed, "other")).toBe(true);
  expect(isFresh(sketch, sketchOf({ ...plain, edges: [] }), "b")).toBe(false);
});

test("choices are found by all words, those first that begin with them", () => {
  const choice = (id: string, label: string, words: string) => ({
    ...{ id, label, words, detail: "", icon: undefined, category: "" },
  });
  const choices = [
    choice("sink_file", "File", "sink"),
    choice("source_file", "File", "source"),
    choice("profile", "Profile", "quality"),
  ];
  expect(matching(choices, "file").map(({ id }) => id)).toEqual([
    "sink_file",
    "source_file",
    "profile",
  ]);
  expect(matching(choices, "file source").map(({ id }) => id)).toEqual(["source_file"]);
  expect(matching(choices, "none")).toEqual([]);
});
