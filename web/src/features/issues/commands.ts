import { useMutation, useQueryClient } from "@tanstack/react-query";
import { post, send } from "../../lib/api";
import type { Issue } from "../../lib/issue-model";
import { keys } from "../../lib/queries";

/** What can be done to an issue. */
export type IssueAction =
  | { do: "acknowledge" }
  | { do: "resolve" }
  | { do: "unmute" }
  | { do: "mute"; until: string }
  | { do: "assign"; user_id: string | null };

/** Does something to an issue; the answer is the issue after it. */
export function useIssueAction(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ do: what, ...body }: IssueAction) =>
      post<Issue>(`/api/issues/${encodeURIComponent(id)}/${what}`, body),
    onSettled: () => client.invalidateQueries({ queryKey: keys.issues }),
  });
}

/** Notes that the caller has read an issue; nobody else's list changes. */
export function useMarkRead(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => send("POST", `/api/alerts/${encodeURIComponent(id)}/read`, {}, "{}"),
    onSuccess: () => client.invalidateQueries({ queryKey: keys.issues }),
  });
}
