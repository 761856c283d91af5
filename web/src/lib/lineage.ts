import { queryOptions } from "@tanstack/react-query";
import { get } from "./api";
import type { components } from "./api-types";
import { keys } from "./queries";

/** A file, a table, an address, or a node that makes one of another. */
export type Asset = components["schemas"]["Asset"];

/** What becomes of what, and in which pipeline. */
export type Flow = components["schemas"]["Flow"];

export type Lineage = components["schemas"]["Lineage"];

/** What the pipelines of the workspace read and write. */
export const lineageQuery = queryOptions({
  queryKey: [...keys.pipelines, "lineage"],
  queryFn: ({ signal }) => get<Lineage>("/api/lineage", { signal }),
});

/** All that an asset is made of, or with "down" all that is made of it; not itself. */
export function reach(flows: Flow[], from: string, way: "up" | "down"): Set<string> {
  const next = new Map<string, string[]>();
  for (const flow of flows) {
    const [here, there] = way === "down" ? [flow.from, flow.to] : [flow.to, flow.from];
    next.set(here, [...(next.get(here) ?? []), there]);
  }
  const seen = new Set<string>();
  const open = [from];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    for (const there of next.get(at) ?? []) {
      if (seen.has(there) || there === from) continue;
      seen.add(there);
      open.push(there);
    }
  }
  return seen;
}
