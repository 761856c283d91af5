import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { ServiceAccount } from "../../lib/accounts";
import { post, put, remove } from "../../lib/api";
import { keys } from "../../lib/queries";

export type NewService = { service_name: string; permissions: string[]; expires_at?: string };

/** A service account with its token, which the server tells this once. */
export type MadeService = ServiceAccount & { token: string };

/** Makes a service account. */
export function useCreateService() {
  return useServiceChange((service: NewService) => post<MadeService>("/api/services", service));
}

/** What is to change of a service account; without an end it keeps its own, and null takes it away. */
type ServiceChange = { service_name: string; permissions: string[]; expires_at?: string | null };

/** Changes a service account. */
export function useChangeService(id: string) {
  return useServiceChange((change: ServiceChange) => put<ServiceAccount>(path(id), change));
}

/** Revokes the token of a service account for good. */
export function useRevoke(id: string) {
  return useServiceChange(() => remove(path(id)));
}

function path(id: string): string {
  return `/api/services/${encodeURIComponent(id)}`;
}

function useServiceChange<In, Out>(change: (input: In) => Promise<Out>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: () => client.invalidateQueries({ queryKey: keys.services }),
  });
}
