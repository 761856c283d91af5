import { useQuery } from "@tanstack/react-query";
import { permissionsQuery } from "./queries";

/** The permissions of the API that the interface asks about. */
export type Permission =
  | "pipelines.create"
  | "pipelines.edit"
  | "pipelines.delete"
  | "pipelines.run"
  | "runs.cancel"
  | "runs.resume"
  | "runs.query"
  | "issues.edit"
  | "contacts.edit"
  | "contacts.delete"
  | "connections.create"
  | "connections.edit"
  | "connections.delete"
  | "connections.test"
  | "variables.create"
  | "variables.edit"
  | "variables.delete"
  | "settings.manage_users"
  | "services.manage"
  | "workspaces.create"
  | "workspaces.manage_members"
  | "workspaces.delete"
  | "settings.edit"
  | "audit.view"
  | "system.view";

/**
 * Tells whether the caller may do something. Until the server has answered, and
 * when it cannot, the answer is no: an action then looks disabled, never broken.
 */
export function useMay(): (permission: Permission) => boolean {
  const { data } = useQuery(permissionsQuery);
  return (permission) => data?.includes(permission) ?? false;
}
