import type { PermissionInfo } from "../../lib/accounts";

export type Group = { group: string; permissions: PermissionInfo[] };

/** Permissions by what they are about, both in the server's order. */
export function groupPermissions(permissions: PermissionInfo[]): Group[] {
  const groups = new Map<string, PermissionInfo[]>();
  for (const permission of permissions) {
    const members = groups.get(permission.group) ?? [];
    members.push(permission);
    groups.set(permission.group, members);
  }
  return [...groups].map(([group, members]) => ({ group, permissions: members }));
}

/** The choice with these names in it or out of it. */
export function toggleAll(chosen: string[], names: string[], on: boolean): string[] {
  const others = chosen.filter((name) => !names.includes(name));
  return on ? [...others, ...names] : others;
}
