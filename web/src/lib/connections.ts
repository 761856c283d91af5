import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { get, post, put } from "./api";
import type { JsonSchema, Settings } from "./model";

/** Where another system is, as the server shows it: without secrets. */
export type Connection = {
  id: string;
  conn_id: string;
  type: string;
  description: string;
  host: string;
  port: number;
  schema: string;
  login: string;
  options?: Settings;
  /** Where the password is: "encrypted://********" when the server keeps it. */
  password_ref?: string;
  extra_ref?: string;
  updated_at: string;
};

export type ConnectionField = "host" | "port" | "schema" | "login" | "password" | "extra";

type ConnectionHints = Partial<Record<ConnectionField, string>>;

/** What connections to systems of one sort begin with. */
export type ConnectionPreset = {
  name: string;
  label: string;
  description: string;
  hints?: ConnectionHints;
  options: Settings;
};

/** A kind of system that can be reached. */
export type ConnectionType = {
  type: string;
  label: string;
  category: "database" | "storage" | "api" | "other";
  description: string;
  fields: ConnectionField[];
  hints?: ConnectionHints;
  presets?: ConnectionPreset[];
  /** What its fields are called, where that is something else than usual. */
  labels?: Partial<Record<ConnectionField, string>>;
  /** Its tests had no real server of this sort. */
  untried?: boolean;
  options_schema: JsonSchema;
  extra_schema: JsonSchema;
};

/** How the test of a connection went. */
export type ConnectionTrial = {
  success: boolean;
  message?: string;
  error?: string;
  failed?: string;
  duration_ms: number;
};

/** A node whose settings name a connection. */
export type ConnectionUse = {
  trigger?: string;
  pipeline_id: string;
  pipeline_name: string;
  node_id: string;
  node_name: string;
};

/** What a person has written of a connection: fields as text, secrets only when they are new. */
export type ConnectionDraft = {
  conn_id: string;
  type: string;
  description: string;
  host: string;
  port: string;
  schema: string;
  login: string;
  password: string;
  password_ref: string;
  options: Settings;
  extra: Settings;
};

const key = ["connections"];
const path = "/api/connections";
const keptHere = "encrypted://";

export const connectionsQuery = queryOptions({
  queryKey: [...key, "list"],
  queryFn: ({ signal }) => get<Connection[]>(path, { signal }),
});

export const connectionTypesQuery = queryOptions({
  queryKey: [...key, "types"],
  queryFn: ({ signal }) => get<ConnectionType[]>("/api/connection-types", { signal }),
  staleTime: Number.POSITIVE_INFINITY,
});

export const connectionUsesQuery = (name: string) =>
  queryOptions({
    queryKey: [...key, "uses", name],
    queryFn: ({ signal }) => get<ConnectionUse[]>(`${connectionPath(name)}/used-by`, { signal }),
  });

/** Where a connection is. */
export function connectionPath(name: string): string {
  return `${path}/${encodeURIComponent(name)}`;
}

/** Whether the server keeps the password of a connection. */
export function keepsPassword(connection: Connection | undefined): boolean {
  return connection?.password_ref?.startsWith(keptHere) ?? false;
}

/** What a form begins with: the connection, or an empty one of a type. */
export function draftOf(from: Connection | undefined, type: string): ConnectionDraft {
  return {
    conn_id: from?.conn_id ?? "",
    type: from?.type ?? type,
    description: from?.description ?? "",
    host: from?.host ?? "",
    port: from?.port ? String(from.port) : "",
    schema: from?.schema ?? "",
    login: from?.login ?? "",
    password: "",
    password_ref: keepsPassword(from) ? "" : (from?.password_ref ?? ""),
    options: from?.options ?? {},
    extra: {},
  };
}

/**
 * What the server is told: the fields of the type, and secrets only when there are new ones,
 * as those that are left out stay.
 */
export function bodyOf(
  draft: ConnectionDraft,
  type: ConnectionType,
  from?: Connection,
): Record<string, unknown> {
  const has = (field: ConnectionField) => type.fields.includes(field);
  const wasElsewhere = Boolean(from?.password_ref) && !keepsPassword(from);
  return {
    conn_id: draft.conn_id.trim(),
    type: draft.type,
    description: draft.description,
    options: draft.options,
    ...(has("host") && { host: draft.host.trim() }),
    ...(has("port") && { port: Number(draft.port) || 0 }),
    ...(has("schema") && { schema: draft.schema.trim() }),
    ...(has("login") && { login: draft.login }),
    ...(has("password") && draft.password && { password: draft.password }),
    ...(has("password") &&
      !draft.password &&
      (draft.password_ref || wasElsewhere) && { password_ref: draft.password_ref.trim() }),
    ...(has("extra") &&
      Object.keys(draft.extra).length > 0 && { extra: JSON.stringify(draft.extra) }),
  };
}

/** Changes something about connections and has the list of them read anew. */
export function useConnectionCommand<In, Out>(command: (input: In) => Promise<Out>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: command,
    onSuccess: () => client.invalidateQueries({ queryKey: connectionsQuery.queryKey }),
  });
}

/** Makes a connection, or changes the one of a name. */
export function save(body: Record<string, unknown>, name?: string): Promise<Connection> {
  return name ? put<Connection>(connectionPath(name), body) : post<Connection>(path, body);
}

/** Tries a connection that is saved. */
export function tryConnection(name: string): Promise<ConnectionTrial> {
  return post<ConnectionTrial>(`${connectionPath(name)}/test`, {});
}
