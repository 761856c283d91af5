export type IssueKind =
  | "run_failed"
  | "check_failed"
  | "run_interrupted"
  | "run_stuck"
  | "deadline_missed"
  | "disk_low"
  | "worker_lost";

export type IssueSeverity = "info" | "warning" | "critical";

export type IssueState = "open" | "acknowledged" | "resolved";

/** One thing that happened to an issue. */
export type IssueEvent = {
  type: "opened" | "acknowledged" | "assigned" | "muted" | "unmuted" | "severity" | "resolved";
  at: string;
  /** The name as it was then; missing when the server did it. */
  actor?: string;
  /** The run that opened or closed the issue. */
  run_id?: string;
  /** Of "assigned" a name, of "muted" the end, of "severity" the new one. */
  detail?: string;
};

/** One cause of trouble and what became of it. */
export type Issue = {
  id: string;
  kind: IssueKind;
  severity: IssueSeverity;
  state: IssueState;
  title: string;
  body: string;
  /** Missing when the issue is of the server itself. */
  pipeline_id?: string;
  pipeline_name?: string;
  node_id?: string;
  code?: string;
  first_run_id?: string;
  last_run_id?: string;
  count: number;
  assignee_id?: string;
  assignee?: string;
  muted_until?: string;
  opened_at: string;
  last_seen_at: string;
  /** The issue that the same cause had before. */
  previous_id?: string;
  /** When the one who asks read it. */
  read_at?: string;
  /** Oldest first; missing in lists. */
  history?: IssueEvent[];
};
