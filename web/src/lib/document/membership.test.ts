import { expect, test } from "vitest";
import { regrouped, withMembers } from "./membership";

const groups = [
  { id: "g", name: "G", nodes: ["a", "b"] },
  { id: "h", name: "H", nodes: ["c", "d"] },
];
const places = new Map([
  ["a", { x: 0, y: 0 }],
  ["b", { x: 300, y: 0 }],
  ["c", { x: 0, y: 500 }],
  ["d", { x: 300, y: 500 }],
  ["free", { x: 900, y: 0 }],
]);
const shape = { size: { width: 200, height: 60 }, padding: 20 };
const move = (moved: Record<string, [number, number]>) => {
  const to = Object.entries(moved).map(([id, [x, y]]) => [id, { x, y }] as const);
  return Object.fromEntries(regrouped({ groups }, places, new Map(to), shape));
};

test("a node that is put into a frame belongs to the group, and one that is taken out does not", () => {
  expect(move({ free: [120, 20] })).toEqual({ free: "g" });
  expect(move({ free: [700, 300] })).toEqual({});
  expect(move({ b: [300, 250] })).toEqual({ b: undefined });
  expect(move({ b: [100, 510] })).toEqual({ b: "h" });
});

test("a node that still touches the frame of the others stays, and so does a group as a whole", () => {
  expect(move({ b: [150, 70] })).toEqual({});
  expect(move({ b: [40, 10] })).toEqual({});
  expect(move({ a: [0, 500], b: [300, 500] })).toEqual({});
  expect(move({ note: [0, 0] })).toEqual({});
});

test("groups without a change stay the same", () => {
  const next = withMembers(groups, new Map([["free", "g"]]));
  expect(next[0]?.nodes).toEqual(["a", "b", "free"]);
  expect(next[1]).toBe(groups[1]);
  expect(withMembers(groups, new Map())).toBe(groups);
});
