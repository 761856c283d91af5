import type { IssueEvent, IssueKind, IssueSeverity, IssueState } from "./issue-model";
import type { Tone } from "./status";

/** Every kind of issue, the most frequent first. */
export const issueKinds: readonly IssueKind[] = [
  "run_failed",
  "check_failed",
  "deadline_missed",
  "run_stuck",
  "run_interrupted",
  "disk_low",
  "worker_lost",
];

/** Every state of an issue, in the order of its life. */
export const issueStates: readonly IssueState[] = ["open", "acknowledged", "resolved"];

const kinds: Record<IssueKind, string> = {
  run_failed: "Failed",
  check_failed: "Check",
  deadline_missed: "Deadline",
  run_stuck: "Stuck",
  run_interrupted: "Interrupted",
  disk_low: "Disk",
  worker_lost: "Worker",
};

const states: Record<IssueState, string> = {
  open: "Open",
  acknowledged: "Acknowledged",
  resolved: "Resolved",
};

const severities: Record<IssueSeverity, string> = {
  info: "Info",
  warning: "Warning",
  critical: "Critical",
};

/** The kind in words for people. */
export function kindLabel(kind: IssueKind): string {
  return kinds[kind] ?? kind;
}

/** The state in words for people. */
export function stateLabel(state: IssueState): string {
  return states[state];
}

/** The severity in words for people. */
export function severityLabel(severity: IssueSeverity): string {
  return severities[severity];
}

/** The meaning that a state's colour carries. */
export function stateTone(state: IssueState): Tone {
  return ({ open: "bad", acknowledged: "wait", resolved: "good" } as const)[state];
}

/** The meaning that a severity's colour carries. */
export function severityTone(severity: IssueSeverity): Tone {
  return ({ info: "busy", warning: "wait", critical: "bad" } as const)[severity];
}

/** Whether an issue is muted at a moment, in milliseconds. */
export function isMuted(issue: { muted_until?: string | undefined }, now: number): boolean {
  return issue.muted_until !== undefined && Date.parse(issue.muted_until) > now;
}

/** Whether somebody who looks at a list should see that they have not read an issue. */
export function isUnread(
  issue: {
    state: IssueState;
    read_at?: string | undefined;
    muted_until?: string | undefined;
  },
  now: number,
): boolean {
  return issue.state !== "resolved" && issue.read_at === undefined && !isMuted(issue, now);
}

/** What happened, without who did it: "was assigned to ada". */
export function eventInWords({ type, detail }: IssueEvent): string {
  switch (type) {
    case "opened":
      return "Opened";
    case "acknowledged":
      return "Acknowledged";
    case "assigned":
      return detail ? `Assigned to ${detail}` : "Assigned to nobody";
    case "muted":
      return "Muted";
    case "unmuted":
      return "Unmuted";
    case "severity":
      return detail ? `Now ${detail}` : "Rated anew";
    case "resolved":
      return "Resolved";
  }
}
