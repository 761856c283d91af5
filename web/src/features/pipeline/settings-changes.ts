import type { Json, Settings } from "../../lib/model";
import { same } from "../../ui/form/values";

/** Members of a document that were changed; null is one that was taken away. */
export type Changes = { [member: string]: Json };

/** The document with the changes in it. */
export function changed(document: Settings, changes: Changes): Settings {
  const next = { ...document, ...changes };
  return Object.fromEntries(Object.entries(next).filter(([, value]) => value !== null));
}

/** What has to be sent so that the document says what another one does. */
export function changesTo(document: Settings, next: Settings): Changes {
  const members = new Set([...Object.keys(document), ...Object.keys(next)]);
  const differ = [...members].filter(
    (member) => !same(document[member] ?? null, next[member] ?? null),
  );
  return Object.fromEntries(differ.map((member) => [member, next[member] ?? null]));
}

const key = (id: string) => `broked.settings.${id}`;

/** What was changed and not saved, from before the page was left. */
export function keptChanges(id: string): Changes {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(key(id)) ?? "{}");
    return typeof kept === "object" && kept !== null ? (kept as Changes) : {};
  } catch {
    return {};
  }
}

export function keepChanges(id: string, changes: Changes): void {
  try {
    if (Object.keys(changes).length === 0) sessionStorage.removeItem(key(id));
    else sessionStorage.setItem(key(id), JSON.stringify(changes));
  } catch {
    // A browser that keeps nothing: the page itself still has them.
  }
}
