import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { get, post, put, remove } from "../../lib/api";

/** A number of slots that runs of several pipelines share. */
export type Pool = {
  name: string;
  slots: number;
  description: string;
  /** Slots that running runs hold. */
  used: number;
  /** Runs that wait to start. */
  pending: number;
};

type Settings = Pick<Pool, "name" | "slots" | "description">;

const key = ["pools"];

/** Every pool by name. */
export const poolsQuery = queryOptions({
  queryKey: key,
  queryFn: ({ signal }) => get<Pool[]>("/api/pools", { signal }),
  refetchInterval: 15_000,
});

function path(name: string): string {
  return `/api/pools/${encodeURIComponent(name)}`;
}

/** Changes the pool with a name; without one, makes a new one. */
export function useSavePool(name: string | undefined) {
  return usePoolChange(({ name: made, slots, description }: Settings) =>
    name === undefined
      ? post<Pool>("/api/pools", { name: made, slots, description })
      : put<Pool>(path(name), { slots, description }),
  );
}

/** Deletes a pool that no pipeline names. */
export function useDeletePool() {
  return usePoolChange((name: string) => remove(path(name)));
}

function usePoolChange<In, Out>(change: (input: In) => Promise<Out>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: () => void client.invalidateQueries({ queryKey: key }),
  });
}
