import type { LogLevel } from "./model";
import type { Tone } from "./status";

/** The meaning that the colour of a log line's level carries. */
export const levelTones: Record<LogLevel, Tone> = {
  debug: "idle",
  info: "busy",
  warning: "wait",
  error: "bad",
};
