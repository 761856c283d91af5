/** What a pipeline depends on. */
export type DependencyRule = {
  pipeline_id: string;
  mode?: "gate" | "trigger";
  state?: "succeeded" | "completed" | "failed";
  within_seconds?: number;
  paused?: boolean;
};

/** A trigger that looks at files or contacts. */
export type Watcher = {
  name: string;
  type: "file" | "contacts";
  paused?: boolean;
  params?: Record<string, string>;
  conn_id?: string;
  path?: string;
  stable_for?: string;
  existing?: boolean;
  every?: string;
  product?: "recruiting" | "retention";
  events?: string[] | null;
  quiet_for?: string;
  at_most?: string;
};
