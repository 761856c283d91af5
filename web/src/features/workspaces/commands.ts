import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { Member, Workspace } from "../../lib/accounts";
import { post, put, remove } from "../../lib/api";
import { keys } from "../../lib/queries";

/** Makes a workspace. */
export function useCreateWorkspace() {
  return useWorkspaceChange((workspace: { id: string; name: string }) =>
    post<Workspace>("/api/workspaces", workspace),
  );
}

/** Gives a workspace another name. */
export function useRenameWorkspace(id: string) {
  return useWorkspaceChange((name: string) => put<Workspace>(path(id), { name }));
}

/** Destroys an empty workspace. */
export function useDeleteWorkspace(id: string) {
  return useWorkspaceChange(() => remove(path(id)));
}

/** Makes an account belong to a workspace. */
export function useAddMember(id: string) {
  return useWorkspaceChange((user: string) =>
    post<Member>(`${path(id)}/members`, { user_id: user }),
  );
}

/** Ends that an account belongs to a workspace. */
export function useRemoveMember(id: string) {
  return useWorkspaceChange((user: string) =>
    remove(`${path(id)}/members/${encodeURIComponent(user)}`),
  );
}

function path(id: string): string {
  return `/api/workspaces/${encodeURIComponent(id)}`;
}

/** Who the caller is says where they belong, so that is asked for again too. */
function useWorkspaceChange<In, Out>(change: (input: In) => Promise<Out>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: keys.workspaces });
      void client.invalidateQueries({ queryKey: keys.session });
    },
  });
}
