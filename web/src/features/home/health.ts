import type { PipelineHealth } from "../../lib/model";

export type HealthCounts = {
  running: number;
  failing: number;
  total: number;
  /** Share of the finished recent runs that succeeded; undefined when none has finished. */
  successRate: number | undefined;
};

/** The state of all pipelines in numbers. */
export function countHealth(pipelines: PipelineHealth[]): HealthCounts {
  const recent = pipelines.flatMap((pipeline) => pipeline.recent ?? []);
  const good = recent.filter((run) => run.status === "success").length;
  const finished = good + recent.filter((run) => run.status === "failed").length;
  return {
    running: pipelines.reduce((sum, pipeline) => sum + pipeline.runs_running, 0),
    failing: failingPipelines(pipelines).length,
    total: pipelines.length,
    successRate: finished === 0 ? undefined : good / finished,
  };
}

/** The pipelines whose last run failed, the newest failure first. */
export function failingPipelines(pipelines: PipelineHealth[]): PipelineHealth[] {
  return pipelines
    .filter((pipeline) => pipeline.last_run_status === "failed")
    .toSorted((a, b) => (b.last_run_at ?? "").localeCompare(a.last_run_at ?? ""));
}
