import { expect, test } from "vitest";
import type { LogLevel, LogLine } from "../../lib/model";
import { filterLines } from "./log-filter";

function line(seq: number, level: LogLevel, message: string, node_id?: string): LogLine {
  return { seq, run_id: "r", level, message, timestamp: "", ...(node_id ? { node_id } : {}) };
}

const lines = [
  line(1, "debug", "plan made"),
  line(2, "info", "Reading orders.csv", "read"),
  line(3, "warning", "3 rows skipped", "read"),
  line(4, "error", "column gone", "write"),
];

const all = { level: "debug" as const, words: "", nodeId: undefined };

test.each([
  ["everything", all, [1, 2, 3, 4]],
  ["from a level up", { ...all, level: "warning" as const }, [3, 4]],
  ["words in any case", { ...all, words: " ORDERS" }, [2]],
  ["one node", { ...all, nodeId: "read" }, [2, 3]],
])("%s", (_, filter, want) => {
  expect(filterLines(lines, filter).map(({ seq }) => seq)).toEqual(want);
});
