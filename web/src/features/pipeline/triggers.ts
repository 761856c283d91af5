import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { get, put } from "../../lib/api";
import type { components } from "../../lib/api-types";
import type { Pipeline } from "../../lib/model";
import { keys } from "../../lib/queries";

export type Upstream = components["schemas"]["UpstreamState"];
export type WatcherState = components["schemas"]["TriggerState"];
type Dependencies = components["schemas"]["DependencyState"];

function address(id: string): string {
  return `/api/pipelines/${encodeURIComponent(id)}`;
}

/** What a pipeline depends on, and whether that is there. */
export function useDependencies(pipeline: Pipeline) {
  return useQuery({
    queryKey: [...keys.pipeline(pipeline.id), "deps", pipeline.version],
    queryFn: ({ signal }) => get<Dependencies>(`${address(pipeline.id)}/deps`, { signal }),
  });
}

/** The triggers of a pipeline that look at files and contacts. */
export function useWatchers(pipeline: Pipeline) {
  return useQuery({
    queryKey: [...keys.pipeline(pipeline.id), "triggers", pipeline.version],
    queryFn: ({ signal }) => get<WatcherState[]>(`${address(pipeline.id)}/triggers`, { signal }),
  });
}

/** Saves some members of a pipeline's document, unless somebody else has saved meanwhile. */
export function useSaveTriggers(pipeline: Pipeline) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (part: Partial<Pipeline>) =>
      put<Pipeline>(address(pipeline.id), part, {
        headers: { "If-Match": `"${pipeline.version}"` },
      }),
    onSuccess: () => client.invalidateQueries({ queryKey: keys.pipelines }),
  });
}
