import type { Identities } from "../../lib/document/identity";
import type { Pins } from "./store";

/** What was typed and not saved, kept in this browser. */
export type Kept = { text: string; base: Base; at: number; first?: Identities; pins?: Pins };

/**
 * What was last read from the server, or saved; version 0 is a pipeline that is not saved yet. Its
 * nodes are those that the document begins with, unless some had other ids then.
 */
export type Base = { text: string; version: number; first?: Identities };

const keyOf = (user: string, pipeline: string) => `broked.editor.${user}.${pipeline}`;

/** The changes that a user has left of a pipeline; "new" is one that is not saved yet. */
export function kept(user: string, pipeline: string): Kept | undefined {
  try {
    const value = JSON.parse(localStorage.getItem(keyOf(user, pipeline)) ?? "null");
    const sound =
      typeof value?.text === "string" &&
      typeof value.at === "number" &&
      typeof value.base?.text === "string" &&
      typeof value.base.version === "number";
    return sound ? (value as Kept) : undefined;
  } catch {
    return undefined;
  }
}

/** Keeps changes; a browser without room goes on without. */
export function keep(user: string, pipeline: string, changes: Kept): void {
  const { pins: _, ...without } = changes;
  for (const some of [changes, without]) {
    try {
      localStorage.setItem(keyOf(user, pipeline), JSON.stringify(some));
      return;
    } catch {
      // Pinned rows may be too much. The document on the page is not touched by that.
    }
  }
}

export function forget(user: string, pipeline: string): void {
  localStorage.removeItem(keyOf(user, pipeline));
}
