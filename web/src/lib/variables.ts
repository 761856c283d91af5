import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { get, post, put } from "./api";

export type VariableType = "string" | "number" | "boolean" | "json" | "secret";

/** A value of the workspace that settings name. That of a secret is a mask. */
export type Variable = {
  id: string;
  key: string;
  type: VariableType;
  value: string;
  description: string;
  version: number;
  updated_at: string;
};

/** A node that names a variable, or a connection that takes a secret from it. */
export type VariableUse = {
  pipeline_id: string;
  pipeline_name: string;
  node_id: string;
  node_name: string;
  conn_id?: string;
};

export type VariableDraft = { key: string; type: VariableType; value: string; description: string };

const path = "/api/variables";

export const variablesQuery = queryOptions({
  queryKey: ["variables", "list"],
  queryFn: ({ signal }) => get<Variable[]>(path, { signal }),
});

export const variableUsesQuery = (key: string) =>
  queryOptions({
    queryKey: ["variables", "uses", key],
    queryFn: ({ signal }) => get<VariableUse[]>(`${variablePath(key)}/used-by`, { signal }),
  });

/** Where a variable is. */
export function variablePath(key: string): string {
  return `${path}/${encodeURIComponent(key)}`;
}

/** How settings name a variable. */
export function nameOf({ key, type }: Pick<Variable, "key" | "type">): string {
  return `\${${type === "secret" ? "secret" : "var"}.${key}}`;
}

/** Makes a variable, or changes the one of a key. The value of a secret that is left empty stays. */
export function saveVariable(draft: VariableDraft, from?: Variable): Promise<Variable> {
  const { value, ...rest } = draft;
  const keeps = draft.type === "secret" && value === "";
  const body = keeps ? rest : draft;
  return from
    ? put<Variable>(variablePath(from.key), body)
    : post<Variable>(path, { ...body, key: draft.key.trim() });
}

/** Changes something about variables and has the list of them read anew. */
export function useVariableCommand<In, Out>(command: (input: In) => Promise<Out>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: command,
    onSuccess: () => client.invalidateQueries({ queryKey: variablesQuery.queryKey }),
  });
}
