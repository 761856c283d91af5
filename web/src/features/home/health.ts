import type { PipelineHealth } from "../../lib/model";

/** The pipelines whose last run failed, the newest failure first. */
export function failingPipelines(pipelines: PipelineHealth[]): PipelineHealth[] {
  return pipelines
    .filter((pipeline) => pipeline.last_run_status === "failed")
    .toSorted((a, b) => (b.last_run_at ?? "").localeCompare(a.last_run_at ?? ""));
}

/** The pipelines that start by themselves, the next one first. */
export function nextScheduled(pipelines: PipelineHealth[]): PipelineHealth[] {
  return pipelines
    .filter((pipeline) => pipeline.next_run_at)
    .toSorted((a, b) => (a.next_run_at ?? "").localeCompare(b.next_run_at ?? ""));
}

/** How many runs are under way. */
export function countRunning(pipelines: PipelineHealth[]): number {
  return pipelines.reduce((sum, pipeline) => sum + pipeline.runs_running, 0);
}
