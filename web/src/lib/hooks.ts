import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { get, post } from "./api";
import { keys } from "./queries";

export type HookType = "webhook" | "slack" | "teams" | "email";

/** What people say of a hook. */
export type HookSettings = {
  name: string;
  type: HookType;
  url?: string;
  to?: string[];
  channel?: string;
  events: string[];
  tag?: string;
  pipelines?: string;
  enabled: boolean;
};

/** Who is told what happens to runs. */
export type Hook = HookSettings & { id: string; signed: boolean };

/** Something that a hook was told, or is to be told. */
export type Delivery = {
  id: string;
  hook_name: string;
  run_id?: string;
  event: string;
  state: "pending" | "delivered" | "failed";
  attempts: number;
  error?: string;
  created_at: string;
};

/** The events that hooks can be for, and what they mean. */
export const hookEvents: Record<string, string> = {
  on_start: "A run begins",
  on_success: "A run succeeds",
  on_failure: "A run fails",
  on_cancel: "A run is cancelled",
  on_node_failure: "A node of a run fails",
};

/** Where the hooks for many pipelines are. */
export const hooksPath = "/api/hooks";

/** Where the hooks of a pipeline's document are. */
export function pipelineHooksPath(pipeline: string): string {
  return `/api/pipelines/${encodeURIComponent(pipeline)}/hooks`;
}

/** The hooks under a path. */
export const hooksQuery = (path: string) =>
  queryOptions({
    queryKey: [...keys.pipelines, "hooks", path],
    queryFn: ({ signal }) => get<Hook[]>(path, { signal }),
  });

/** The last deliveries under a path. */
export const deliveriesQuery = (path: string) =>
  queryOptions({
    queryKey: [...keys.pipelines, "deliveries", path],
    queryFn: ({ signal }) => get<Delivery[]>(`${path}?limit=20`, { signal }),
    refetchInterval: 5_000,
  });

/** Asks for something about hooks and has what is shown of them read anew. */
export function useHookCommand<In, Out>(command: (input: In) => Promise<Out>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: command,
    onSuccess: () => client.invalidateQueries({ queryKey: keys.pipelines }),
  });
}

/** Sends a sample, or sends a delivery again. */
export function ask(path: string): Promise<Delivery> {
  return post<Delivery>(path, {});
}
