const key = "broked.workspace";

/** The workspace that this tab of the browser works in; "" leaves it to the server. */
export function selectedWorkspace(): string {
  return globalThis.sessionStorage?.getItem(key) ?? "";
}

/** Makes this tab work in a workspace from its next request on; "" leaves it to the server. */
export function selectWorkspace(id: string): void {
  if (id) sessionStorage.setItem(key, id);
  else sessionStorage.removeItem(key);
}

/** The address of something in a workspace, for what cannot send a header. */
export function inWorkspace(url: string, id: string): string {
  if (!id) return url;
  return `${url}${url.includes("?") ? "&" : "?"}workspace=${encodeURIComponent(id)}`;
}
