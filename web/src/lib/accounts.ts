// Accounts, what they may do, and what is kept of what they did.
import type { Json } from "./model";

export type Role = "viewer" | "editor" | "admin" | "superadmin";

export type User = {
  id: string;
  username: string;
  role: Role;
  disabled: boolean;
  must_change_password: boolean;
  created_at: string;
  last_login_at?: string;
};

/** One thing that was done, as the audit log keeps it. */
export type AuditEntry = {
  /** Its number in the log, without gaps. */
  seq: number;
  at: string;
  event: string;
  /** The name as it was then; empty when nobody was signed in. */
  actor: string;
  /** Such as user, key, open, anonymous, host or system. */
  actor_kind: string;
  address: string;
  agent: string;
  request_id: string;
  target: string;
  outcome: "success" | "failure";
  details: { [key: string]: Json } | null;
  hash: string;
};

/** Whether the audit log is as it was written. */
export type AuditVerdict = { ok: boolean; checked: number; broken_at?: number };

/** A program that uses the API with a token of its own. */
export type ServiceAccount = {
  id: string;
  service_name: string;
  permissions: string[];
  /** The first and the last characters of the token; the rest is known to nobody any more. */
  prefix: string;
  last4: string;
  /** Who made it; empty when that was done on the host. */
  owner: string;
  created_at: string;
  expires_at?: string;
  last_used_at?: string;
  revoked_at?: string;
};

/** A permission that can be granted; groups are what permissions are about. */
export type PermissionInfo = { name: string; group: string; summary: string };

/** Who is asking; open means nobody signed in because there is no account yet. */
export type Me = {
  username: string;
  role: Role;
  id?: string;
  open?: true;
  must_change_password?: boolean;
  /** Where the request acts. */
  workspace_id?: string;
  /** Those that the caller belongs to. */
  workspaces?: { id: string; name: string }[];
};

/** A part of the server with pipelines, runs, tokens and members of its own. */
export type Workspace = {
  id: string;
  name: string;
  created_at: string;
  pipelines: number;
  members: number;
};

/** An account that belongs to a workspace; superadmins do without having been added. */
export type Member = {
  user_id: string;
  username: string;
  role: Role;
  disabled: boolean;
  since?: string;
};

/** A place where an account is signed in. */
export type Session = {
  id: string;
  user_id: string;
  username: string;
  created_at: string;
  expires_at: string;
  last_seen_at?: string;
  address: string;
  /** The User-Agent that signed in. */
  agent: string;
  /** Whether this is the session that asks. */
  current: boolean;
};

export type Setup = { needs_setup: boolean; open: boolean; token_required: boolean };
