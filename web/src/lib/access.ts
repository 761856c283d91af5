import { queryOptions } from "@tanstack/react-query";
import { get } from "./api";
import type { components } from "./api-types";
import { keys } from "./queries";

/** Who may do what with a pipeline. */
export type Access = components["schemas"]["Access"];

/** What somebody may do with a pipeline. */
export type Rights = Pick<Access["you"], "see" | "change" | "run" | "delete" | "lacks">;

/** Who may do what with a pipeline, as far as the caller may know. */
export const accessQuery = (pipelineId: string) =>
  queryOptions({
    queryKey: [...keys.pipelines, "access", pipelineId],
    queryFn: ({ signal }) =>
      get<Access>(`/api/pipelines/${encodeURIComponent(pipelineId)}/access`, { signal }),
  });
