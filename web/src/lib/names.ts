import { queryOptions } from "@tanstack/react-query";
import { get } from "./api";

/** A name that settings may have, such as "var.region", as the server gives it a meaning. */
export type Name = {
  name: string;
  /** It may stand only where a setting takes secrets. */
  secret: boolean;
  /** The beginning of what it stands for; not told of secrets and of the environment. */
  value?: string;
  about?: string;
};

/** The names of the workspace and the server; nothing asks before one is written. */
export const namesQuery = queryOptions({
  queryKey: ["names"],
  queryFn: ({ signal }) => get<Name[]>("/api/names", { signal }),
  staleTime: 5_000,
});
