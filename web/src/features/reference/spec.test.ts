import { expect, test } from "vitest";
import spec from "../../../../docs/openapi.json";
import {
  addressOf,
  curlOf,
  type Document,
  exampleOf,
  findOperations,
  operationsOf,
  typeOf,
} from "./spec";

const document = spec as unknown as Document;
const all = operationsOf(document);

test("every operation of the server has a curl command", () => {
  expect(all.length).toBeGreaterThan(100);
  for (const operation of all) {
    const curl = curlOf(operation, { values: {}, body: "" }, "http://127.0.0.1:8080");
    expect(curl).toContain(`curl -s -X ${operation.method}`);
    if (operation.body) expect(exampleOf(document, operation.body.schema)).toBeDefined();
  }
});

test("words are looked for everywhere", () => {
  const found = findOperations(all, "POST query");
  expect(found.map(({ path }) => path)).toContain("/api/runs/{run}/query");
  expect(findOperations(all, "no such thing")).toEqual([]);
});

test("values go where they belong, and texts are one word of a shell", () => {
  const [operation] = findOperations(all, "GET /api/search");
  if (!operation) throw new Error("the search is not described");
  expect(addressOf(operation, { q: "a b", limit: "" })).toBe("/api/search?q=a+b");
  const [query] = all.filter(({ path }) => path === "/api/runs/{run}/query");
  if (!query) throw new Error("the query is not described");
  const curl = curlOf(query, { values: { run: "r/1" }, body: `{"sql":"it's"}` }, "http://x");
  expect(curl).toContain("http://x/api/runs/r%2F1/query");
  expect(curl).toContain(`-d '{"sql":"it'\\''s"}'`);
});

test("types are said in a few words", () => {
  expect(typeOf({ type: ["array", "null"], items: { $ref: "#/components/schemas/Run" } })).toBe(
    "list of Run",
  );
  expect(typeOf({ type: "integer", format: "int64" })).toBe("integer, int64");
});
