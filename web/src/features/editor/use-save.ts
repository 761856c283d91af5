import { useMutation, useQueryClient } from "@tanstack/react-query";
import { ApiError, get, getText, postText, send } from "../../lib/api";
import type { Pipeline } from "../../lib/model";
import { keys } from "../../lib/queries";
import type { Base } from "./kept";

const yamlType = "application/x-yaml";

const pathOf = (id: string) => `/api/pipelines/${encodeURIComponent(id)}`;

/** What is saved of a pipeline: its text with comments, and the version that it is. */
export async function readSaved(
  id: string,
  signal?: AbortSignal,
): Promise<Base & { pipeline: Pipeline }> {
  const options = signal ? { signal } : {};
  const pipeline = await get<Pipeline>(pathOf(id), options);
  const text = await getText(`${pathOf(id)}/export`, { ...options, headers: { Accept: yamlType } });
  const after = await get<Pipeline>(pathOf(id), options);
  // Somebody may save between the two: a text must not be taken for another version's.
  return after.version === pipeline.version
    ? { text, version: pipeline.version, pipeline }
    : readSaved(id, signal);
}

/** A text to be saved; renamed has the old and the new ids of nodes, as in "old:new". */
export type Sent = { text: string; version: number; renamed: string[] };

/** Saves a text over the version that it was made from; version 0 makes a pipeline of it. */
export function useSave(id: string | undefined) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async ({ text, version, renamed }: Sent): Promise<Pipeline> => {
      if (!id) return postText<Pipeline>("/api/pipelines/import", text, yamlType);
      const headers = { "Content-Type": yamlType, "If-Match": `"${version}"` };
      const search = new URLSearchParams(renamed.map((pair) => ["renamed", pair]));
      const path = renamed.length > 0 ? `${pathOf(id)}?${search}` : pathOf(id);
      const answer = await send("PUT", path, { headers }, text);
      return (await answer.json()) as Pipeline;
    },
    onSuccess: (pipeline) => {
      client.setQueryData(keys.pipeline(pipeline.id), pipeline);
      void client.invalidateQueries({ queryKey: keys.pipelines });
    },
  });
}

/** Whether somebody else has saved meanwhile. */
export const isStale = (error: Error | null): boolean =>
  error instanceof ApiError && error.status === 412;
