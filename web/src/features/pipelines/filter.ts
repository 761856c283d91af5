import type { PipelineHealth } from "../../lib/model";

/** The pipelines that have every word somewhere and carry the tag, by name. */
export function filterPipelines(
  pipelines: PipelineHealth[],
  words: string,
  tag: string | undefined,
): PipelineHealth[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  return pipelines
    .filter((pipeline) => !tag || (pipeline.tags ?? []).includes(tag))
    .filter((pipeline) => {
      const { name, description, pipeline_id, tags } = pipeline;
      const text = [name, description, pipeline_id, ...(tags ?? [])].join(" ").toLowerCase();
      return wanted.every((word) => text.includes(word));
    })
    .toSorted((a, b) => a.name.localeCompare(b.name));
}

/** Every tag in use, in alphabetical order. */
export function tagsOf(pipelines: PipelineHealth[]): string[] {
  return [...new Set(pipelines.flatMap((pipeline) => pipeline.tags ?? []))].toSorted();
}
