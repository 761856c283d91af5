import { expect, test } from "vitest";
import { icons } from "./kind-icon";

const sources = import.meta.glob<string>("../../../internal/nodes/*.go", {
  query: "?raw",
  import: "default",
  eager: true,
});

test("every icon that a kind of node names is there", () => {
  const named = Object.values(sources).flatMap((source) =>
    [...source.matchAll(/\bIcon:\s*"([^"]+)"/g)].map(([, name = ""]) => name),
  );
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter((name) => !(name in icons))).toEqual([]);
});
