import { queryOptions } from "@tanstack/react-query";
import { get } from "./api";

/** What the server tells about itself. */
export type SystemInfo = {
  version: string;
  active_runs: number;
  max_concurrent_runs: number;
  /** Such as SQLite. */
  database?: string;
  /** What shuts scripts in; missing for those who may not see the machines. */
  sandbox?: Sandbox;
  /** What is kept of runs and the room for more; missing for the same people. */
  storage?: Storage;
};

/** Sizes are in bytes, times in days; of a bound 0 means none. */
export type Storage = {
  free_bytes: number;
  reserve_bytes: number;
  full: boolean;
  rows_bytes: number;
  runs_with_rows: number;
  run_retention_days: number;
  keep_runs: number;
  row_retention_days: number;
  max_rows_bytes: number;
  /** Where rows are besides the data folder, so that other machines find them. */
  artifacts?: { place: string; bytes: number; runs_with_rows: number };
};

/** What keeps scripts away from the rest of the machine; without any of it they are refused. */
export type Sandbox = { level: "full" | "partial" | "none"; parts: SandboxPart[] | null };

export type SandboxPart = { name: string; holds: boolean; detail: string; remedy?: string };

/** One that executes runs. */
export type Machine = {
  Node: string;
  Kind: "server" | "worker";
  Platform: string;
  State: string;
  Version: string;
  /** Runs that have one of these are executed here as well. */
  Labels: string[];
  StartedAt: string;
  /** When it was last heard of; missing when there is one machine only. */
  SeenAt?: string;
  CPUs: number;
  /** Mean number of processes that wanted a processor in the last minute. */
  Load: number;
  MemoryTotal: number;
  MemoryFree: number;
  ActiveRuns: number;
  MaxRuns: number;
};

type Answer = { Result: Machine[] | null; Errors: { Node: string; Result: string }[] | null };

/** The machines that execute runs, and why others could not answer. */
export const machinesQuery = queryOptions({
  queryKey: ["machines"],
  queryFn: ({ signal }) => {
    const request = JSON.stringify({ RequestName: "RequestNodesInfo" });
    return get<Answer>(`/api/request?request=${encodeURIComponent(request)}`, { signal });
  },
});

const handbook = "https://github.com/broked/broked/blob/main/docs";

/** Where the documentation is about something. */
export const docs = {
  operations: `${handbook}/operations.md`,
  retention: `${handbook}/operations.md#what-is-kept-and-for-how-long`,
  scripts: `${handbook}/operations.md#scripts`,
  outbound: `${handbook}/operations.md#calls-to-other-machines`,
  security: `${handbook}/security.md`,
  plugins: `${handbook}/plugins.md`,
};

/** A program that brings kinds of nodes. */
export type Plugin = {
  name: string;
  version: string;
  description: string;
  author: string;
  homepage: string;
  /** Its program may make connections. */
  network: boolean;
  node_types: { type: string; kind: "source" | "sink" | "transform"; display_name?: string }[];
};

export const pluginsQuery = queryOptions({
  queryKey: ["plugins"],
  queryFn: ({ signal }) => get<Plugin[]>("/api/plugins", { signal }),
});
