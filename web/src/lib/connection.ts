import { useSyncExternalStore } from "react";
import type { StreamState } from "./stream";

let current: StreamState = "connecting";
const listeners = new Set<() => void>();

/** Records how the server's stream of hints stands. */
export function setConnection(state: StreamState): void {
  if (state === current) return;
  current = state;
  for (const listener of listeners) listener();
}

/** How the server's stream of hints stands. */
export function useConnection(): StreamState {
  return useSyncExternalStore(subscribe, () => current);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
