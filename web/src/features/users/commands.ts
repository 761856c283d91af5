import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { Role, User } from "../../lib/accounts";
import { post, put, remove } from "../../lib/api";
import { keys } from "../../lib/queries";

export type NewUser = { username: string; password: string; role: Role };

/** Makes an account. */
export function useCreateUser() {
  return useUserChange((user: NewUser) => post<User>("/api/auth/users", user));
}

/** Gives an account another role, or disables or enables it. */
export function useUpdateUser(id: string) {
  return useUserChange((part: { role?: Role; disabled?: boolean }) => put<User>(path(id), part));
}

/** Destroys an account. */
export function useDeleteUser(id: string) {
  return useUserChange(() => remove(path(id)));
}

/** Gives an account a new password: the given one, or one that the server makes up and tells. */
export function useResetPassword(id: string) {
  return useUserChange((password: string | undefined) =>
    post<{ password?: string }>("/api/auth/admin-reset-password", {
      user_id: id,
      ...(password === undefined ? {} : { new_password: password }),
    }),
  );
}

function path(id: string): string {
  return `/api/auth/users/${encodeURIComponent(id)}`;
}

/** The changed account may be the caller's own, so who that is and what they may do is asked for again too. */
function useUserChange<In, Out>(change: (input: In) => Promise<Out>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: keys.users });
      void client.invalidateQueries({ queryKey: keys.session });
    },
  });
}
