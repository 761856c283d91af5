import { expect, test } from "vitest";
import { isName, namesFor, offered } from "./offers";

const known = {
  columns: [
    { name: "id", type: "BIGINT" },
    { name: "amount", type: "DOUBLE" },
    { name: "amount", type: "VARCHAR" },
  ],
  names: namesFor(
    ["param.month", "run.date"],
    [
      { name: "var.region", secret: false, value: "eu" },
      { name: "secret.token", secret: true },
    ],
    true,
  ),
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

test("names are offered once one is begun, those that begin with what is written first", () => {
  expect(texts("", "nothing")).toEqual([]);
  expect(texts(`out/\${REG`, "nothing")).toEqual([`out/\${var.region}`]);
  expect(texts(`\${param.month}/\${r`, "columns")).toEqual([
    `\${param.month}/\${run.date}`,
    `\${param.month}/\${param.month}`,
    `\${param.month}/\${var.region}`,
    `\${param.month}/\${secret.token}`,
  ]);
  expect(texts(`\${run.date}`, "nothing")).toEqual([]);
});

test("a name in the middle of a text takes the place of the one that was there", () => {
  const [offer] = offered(`in/\${var.re}/b`, { from: "nothing" }, known, 10);
  expect(offer).toEqual({
    text: `in/\${var.region}/b`,
    shown: `\${var.region}`,
    hint: "eu",
    caret: 16,
  });
  expect(offered(`in/\${var.re}/b`, { from: "nothing" }, known)).toEqual([]);
});

test("secrets are offered only where they may stand", () => {
  const secret = { name: "secret.token", secret: true };
  expect(namesFor([], [secret], false)).toEqual([]);
  expect(namesFor([], [secret], true)).toEqual([{ name: "secret.token", hint: "secret" }]);
});

test("a setting that is one name and nothing else is told from text with one", () => {
  expect([`\${var.a}`, `\${conn.a-b.host}`, `x\${var.a}`, `\${var.a`, "7"].map(isName)).toEqual([
    true,
    true,
    false,
    false,
    false,
  ]);
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
