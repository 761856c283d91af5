import {
  IconAddressBook,
  IconAlertTriangle,
  IconApi,
  IconBell,
  IconCode,
  IconDatabaseSearch,
  IconHistory,
  IconHome,
  IconKey,
  IconPlugConnected,
  IconServer,
  IconShieldCheck,
  IconSitemap,
  IconStack2,
  IconTimeline,
  IconUsers,
} from "@tabler/icons-react";
import { type Permission, useMay } from "../lib/session";

/** The pages everybody has. */
export const pages = [
  { to: "/", label: "Home", icon: IconHome },
  { to: "/pipelines", label: "Pipelines", icon: IconSitemap },
  { to: "/runs", label: "Runs", icon: IconHistory },
  { to: "/lineage", label: "Lineage", icon: IconTimeline },
  { to: "/console", label: "Console", icon: IconDatabaseSearch },
  { to: "/issues", label: "Issues", icon: IconAlertTriangle },
  { to: "/contacts", label: "Contacts", icon: IconAddressBook },
  { to: "/connections", label: "Connections", icon: IconPlugConnected },
  { to: "/variables", label: "Variables", icon: IconCode },
  { to: "/api-reference", label: "API", icon: IconApi },
] as const;

const administration = [
  { to: "/admin/users", label: "Users", icon: IconUsers, needs: "settings.manage_users" },
  { to: "/admin/keys", label: "API tokens", icon: IconKey, needs: "services.manage" },
  {
    to: "/admin/workspaces",
    label: "Workspaces",
    icon: IconStack2,
    needs: "workspaces.manage_members",
  },
  { to: "/admin/hooks", label: "Hooks", icon: IconBell, needs: "settings.edit" },
  { to: "/admin/audit", label: "Audit log", icon: IconShieldCheck, needs: "audit.view" },
  { to: "/admin/system", label: "System", icon: IconServer, needs: "system.view" },
] as const satisfies { needs: Permission; [more: string]: unknown }[];

/** The pages of the administration that the caller may use. */
export function useAdminPages() {
  const may = useMay();
  return administration.filter(({ needs }) => may(needs));
}
