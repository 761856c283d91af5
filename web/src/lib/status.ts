import type { NodeStatus, RunStatus } from "./model";

export type Status = RunStatus | NodeStatus;

/** A tone is a colour with a meaning; the style sheet holds its values for light and dark. */
export type Tone = "good" | "bad" | "busy" | "wait" | "idle" | "muted";

const tones: Record<Status, Tone> = {
  pending: "idle",
  blocked: "wait",
  waiting: "wait",
  running: "busy",
  success: "good",
  failed: "bad",
  cancelled: "muted",
  skipped: "muted",
};

const labels: Record<Status, string> = {
  pending: "Pending",
  blocked: "Blocked",
  waiting: "Waiting",
  running: "Running",
  success: "Success",
  failed: "Failed",
  cancelled: "Cancelled",
  skipped: "Skipped",
};

/** Every status a run can have, in the order of its life. */
export const runStatuses: readonly RunStatus[] = [
  "pending",
  "blocked",
  "waiting",
  "running",
  "success",
  "failed",
  "cancelled",
];

/** The meaning that a status' colour carries. */
export function toneOf(status: Status): Tone {
  return tones[status];
}

/** The status in words for people. */
export function labelOf(status: Status): string {
  return labels[status];
}

/** Whether a run can still change by itself. */
export function isActive(status: RunStatus): boolean {
  return ["pending", "waiting", "running"].includes(status);
}

/** Narrows text, such as a part of the URL, to a run status. */
export function asRunStatus(text: unknown): RunStatus | undefined {
  return runStatuses.find((status) => status === text);
}
