import { expect, test } from "vitest";
import { questionsOf } from "./suggested";

const table = (columns: { name: string; type: string }[]) => ({
  table: "by city",
  run_id: "r1",
  node_id: "n",
  node_name: "N",
  rows: 2,
  kept: true,
  columns,
});

test("questions are those that the columns suggest, with names as SQL writes them", () => {
  const all = questionsOf(
    table([
      { name: "unit price", type: "DECIMAL(18,2)" },
      { name: "city", type: "VARCHAR" },
    ]),
    true,
  );
  expect(all).toHaveLength(5);
  expect(all[2]).toEqual({
    words: "How often is each city there?",
    sql: 'SELECT city, count(*) AS rows\nFROM "by city"\nGROUP BY ALL\nORDER BY rows DESC\nLIMIT 100',
  });
  expect(all[3]?.sql).toContain('min("unit price")');
  expect(all[4]?.sql).toContain('before."by city"');
  expect(questionsOf(table([]), false)).toHaveLength(2);
});
