import { expect, test } from "vitest";
import { identityOf, inNewIds, newIds, renamed } from "./identity";
import { sketchOf } from "./model";

test("a node stays itself, whatever it is called", () => {
  const once = renamed({}, "a", "b");
  expect(identityOf(once, "b")).toBe("a");
  expect(identityOf(renamed(once, "b", "c"), "c")).toBe("a");
  expect(renamed(once, "b", "a")).toEqual({});
});

test("a new node with the old id of another one is not that one", () => {
  const first = renamed({}, "a", "b");
  expect(identityOf(first, "a")).not.toBe("a");
  const ids = ["a", "b", "c"];
  const swapped = renamed(renamed(renamed({}, "a", "x"), "b", "a"), "x", "b");
  expect([identityOf(swapped, "a"), identityOf(swapped, "b")]).toEqual(["b", "a"]);
  expect([...newIds({ first: {}, ids }, { first: swapped, ids })]).toEqual([
    ["a", "b"],
    ["b", "a"],
    ["c", "c"],
  ]);
});

test("ids are followed from one state to another, forth and back", () => {
  const first = renamed({}, "a", "b");
  const [before, after] = [
    { first: {}, ids: ["a", "c"] },
    { first, ids: ["a", "b", "c"] },
  ];
  expect(Object.fromEntries(newIds(before, after))).toEqual({ a: "b", c: "c" });
  expect(Object.fromEntries(newIds(after, before))).toEqual({ b: "a", c: "c" });
  expect(newIds(after, after).get("a")).toBe("a");
});

test("a sketch is told in the ids of now", () => {
  const then = sketchOf({ nodes: [{ id: "a" }, { id: "z" }], edges: [{ from: "a", to: "z" }] });
  const now = inNewIds(then, new Map([["a", "b"]]));
  expect(now.nodes.map(({ id }) => id)).toEqual(["b", "z"]);
  expect(now.edges).toMatchObject([{ from: "b", to: "z" }]);
});
