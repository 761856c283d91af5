import type { LogLevel, LogLine } from "../../lib/model";

/** From the least to the most urgent. */
export const levels: readonly LogLevel[] = ["debug", "info", "warning", "error"];

export type LogFilter = {
  /** The least urgent level that is shown. */
  level: LogLevel;
  words: string;
  nodeId: string | undefined;
};

/** The lines that are urgent enough, have the words, and come from the node. */
export function filterLines(lines: LogLine[], { level, words, nodeId }: LogFilter): LogLine[] {
  const enough = new Set(levels.slice(levels.indexOf(level)));
  const wanted = words.trim().toLowerCase();
  return lines.filter(
    (line) =>
      enough.has(line.level) &&
      (nodeId === undefined || line.node_id === nodeId) &&
      (wanted === "" || line.message.toLowerCase().includes(wanted)),
  );
}
