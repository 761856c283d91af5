import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { post } from "../lib/api";
import { selectWorkspace } from "../lib/workspace";
import { notifyFailed } from "./notify";

/** Ends the session, forgets all that was read in it and leads to the sign-in page. */
export function useSignOut() {
  const client = useQueryClient();
  const navigate = useNavigate();
  return useMutation({
    mutationFn: () => post("/api/auth/logout", {}),
    onSuccess: async () => {
      selectWorkspace("");
      client.clear();
      await navigate({ to: "/signin" });
    },
    onError: (error) => notifyFailed("You are still signed in", error),
  });
}
