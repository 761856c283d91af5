/** Events whose code is not what people would say. */
const words: Record<string, string> = {
  admin_password_reset: "Password reset by an administrator",
  authn_hash_upgrade: "Password sealed anew",
  authn_login_fail: "Sign-in refused",
  authn_login_lock: "Account locked after wrong passwords",
  authn_login_success: "Signed in",
  authn_logout: "Signed out",
  authn_password_change: "Password changed",
  authn_unlock: "Account unlocked",
  authz_fail: "Refused for want of a permission",
  disk_low: "Little room on the disk",
  key_in_address: "Key sent in an address",
  node_state_forgotten: "State of a node forgotten",
  open_mode_request: "Request before there was an account",
  revoke_all: "All sessions ended",
  run_queried: "Rows of a run queried",
  runs_purged: "Old runs removed",
  sessions_revoked_all: "All sessions ended",
  ssrf_blocked: "Call to a forbidden address stopped",
};

const actors: Record<string, string> = {
  anonymous: "Nobody signed in",
  host: "Command line of the host",
  key: "A key",
  open: "Before there was an account",
  system: "The server itself",
  user: "A person",
};

/** An event in words: "pipeline_deleted" is "Pipeline deleted". */
export function eventInWords(event: string): string {
  const plain = event.replaceAll("_", " ").trim();
  return words[event] ?? plain.charAt(0).toUpperCase() + plain.slice(1);
}

/** The event that was meant by words or a code. */
export function eventByWords(typed: string): string {
  const wanted = typed.trim().toLowerCase();
  const found = Object.entries(words).find(([, one]) => one.toLowerCase() === wanted);
  return found?.[0] ?? wanted.replaceAll(/\s+/g, "_");
}

/** Who acts in one of the ways that the server tells apart. */
export function actorInWords(kind: string): string {
  return actors[kind] ?? kind;
}
