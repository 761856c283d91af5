import { useMutation, useQueryClient } from "@tanstack/react-query";
import { post, postText, remove } from "./api";
import type { Params, Pipeline, Template } from "./model";
import { keys } from "./queries";

type Started = { id: string; run_id: string };

/** Starts a run of a pipeline. */
export function useStartRun() {
  return useChange(({ id, params }: { id: string; params: Params }) =>
    post<Started>(`/api/pipelines/${encodeURIComponent(id)}/run`, { params }),
  );
}

/** Asks a run to stop. */
export function useCancelRun() {
  return useChange((id: string) => post(`/api/runs/${encodeURIComponent(id)}/cancel`, {}));
}

/** Starts a run that does what a failed one has left undone; from a node on, where one is given. */
export function useResumeRun() {
  return useChange(({ id, from }: { id: string; from?: string }) =>
    post<Started>(`/api/runs/${encodeURIComponent(id)}/resume`, from ? { from } : {}),
  );
}

/** Makes a pipeline from a template. */
export function useCreateFromTemplate() {
  return useChange(({ name, description, nodes, edges, params, tags }: Template) =>
    post<Pipeline>("/api/pipelines", {
      name,
      description,
      nodes,
      edges,
      params: params ?? {},
      tags: tags ?? [],
    }),
  );
}

/** Makes a pipeline from a document written as YAML or JSON. */
export function useImportPipeline() {
  return useChange((text: string) => {
    const json = /^\s*[{[]/.test(text);
    const contentType = json ? "application/json" : "application/x-yaml";
    return postText<Pipeline>("/api/pipelines/import", text, contentType);
  });
}

/** Makes a copy of a pipeline. */
export function useClonePipeline() {
  return useChange((id: string) =>
    post<Pipeline>(`/api/pipelines/${encodeURIComponent(id)}/clone`, {}),
  );
}

/** What becomes of the pipelines that depend on one which is deleted. */
export type Resolution = "cascade" | "decouple";

/** Destroys a pipeline with its runs and versions; refused when others depend on it and nothing is said of these. */
export function useDeletePipeline() {
  return useChange(({ id, resolve }: { id: string; resolve?: Resolution }) =>
    remove(`/api/pipelines/${encodeURIComponent(id)}${resolve ? `?resolve=${resolve}` : ""}`),
  );
}

/** Makes an earlier version of a pipeline its newest. */
export function useRollback() {
  return useChange(({ id, version }: { id: string; version: number }) =>
    post<Pipeline>(`/api/pipelines/${encodeURIComponent(id)}/rollback`, { version }),
  );
}

/** Where a browser downloads a pipeline as YAML. */
export function exportUrl(pipelineId: string): string {
  return `/api/pipelines/${encodeURIComponent(pipelineId)}/export`;
}

/** Where a browser downloads the whole log of a run. */
export function logExportUrl(runId: string): string {
  return `/api/runs/${encodeURIComponent(runId)}/logs/export`;
}

/** A mutation after which lists of pipelines and runs are asked for again. */
function useChange<In, Out>(change: (input: In) => Promise<Out>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: keys.pipelines });
      void client.invalidateQueries({ queryKey: keys.runs });
    },
  });
}
