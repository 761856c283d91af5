import { expect, test } from "vitest";
import { offered } from "./offers";

const known = {
  columns: [
    { name: "id", type: "BIGINT" },
    { name: "amount", type: "DOUBLE" },
    { name: "amount", type: "VARCHAR" },
  ],
  placeholders: ["param.month", "run.date"],
  pipelines: [{ pipeline_id: "orders", name: "All orders" }],
  connections: [
    { conn_id: "lake", type: "s3" },
    { conn_id: "shop", type: "postgres" },
  ],
};
const texts = (text: string, from: "columns" | "pipelines" | "nothing") =>
  offered(text, { from }, known).map((one) => one.text);

test("columns that hold the text are offered, each once", () => {
  expect(texts("", "columns")).toEqual(["id", "amount"]);
  expect(texts("AM", "columns")).toEqual(["amount"]);
  expect(texts("amount", "columns")).toEqual(["id", "amount"]);
  expect(texts("x", "columns")).toEqual([]);
});

test("pipelines are found by their names", () => {
  expect(texts("all", "pipelines")).toEqual(["orders"]);
});

test("connections are offered of the types that the setting takes", () => {
  const of = (types: string[]) =>
    offered("", { from: "connections", types }, known).map(({ text }) => text);
  expect(of(["s3", "sftp"])).toEqual(["lake"]);
  expect(of([])).toEqual(["lake", "shop"]);
});

test("placeholders are offered once one is begun", () => {
  expect(texts("", "nothing")).toEqual([]);
  expect(texts(`out/\${r`, "nothing")).toEqual([`out/\${run.date}`]);
  expect(texts(`\${param.month}/\${`, "columns")).toEqual([
    `\${param.month}/\${param.month}`,
    `\${param.month}/\${run.date}`,
  ]);
  expect(texts(`\${run.date}`, "nothing")).toEqual([]);
});

test("a key of one side is offered the columns of that side", () => {
  const columns = [
    { name: "carrier", type: "VARCHAR", input: 0 },
    { name: "code", type: "VARCHAR", input: 1 },
  ];
  const side = (input: number, all = columns) =>
    offered("", { from: "columns", input }, { ...known, columns: all }).map(({ text }) => text);
  expect(side(0)).toEqual(["carrier"]);
  expect(side(1)).toEqual(["code"]);
  expect(side(1, columns.slice(0, 1))).toEqual(["carrier"]);
});
