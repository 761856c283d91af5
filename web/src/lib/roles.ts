import type { Role } from "./accounts";

/** Every role, from the weakest. */
export const roles: readonly Role[] = ["viewer", "editor", "admin", "superadmin"];

const words: Record<Role, string> = {
  viewer: "Looks at pipelines and their runs.",
  editor: "Makes, changes, runs and deletes pipelines.",
  admin: "Looks after accounts, API tokens and the audit log as well.",
  superadmin: "May do everything, also to the accounts of admins.",
};

/** What a role is for, in a sentence. */
export function roleInWords(role: Role): string {
  return words[role];
}

/** Whether someone of a role may change an account of another: none above their own. */
export function mayChange(own: Role, other: Role): boolean {
  return roles.indexOf(other) <= roles.indexOf(own);
}

/** The roles that someone of a role may give to others: none above their own. */
export function rolesUpTo(role: Role): Role[] {
  return roles.slice(0, roles.indexOf(role) + 1);
}
