const place = "broked.console.history";
const most = 50;

/** A statement that was run here, and when. */
export type Past = { sql: string; at: string };

/** The statements that were run in this browser, newest first. */
export function readHistory(): Past[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(place) ?? "[]");
    return Array.isArray(kept) ? kept.filter(isPast) : [];
  } catch {
    return []; // what somebody else has written there
  }
}

/** Remembers a statement; one that was run before moves to the top. */
export function remember(sql: string, at: Date): Past[] {
  const others = readHistory().filter((past) => past.sql !== sql);
  const all = [{ sql, at: at.toISOString() }, ...others].slice(0, most);
  try {
    localStorage.setItem(place, JSON.stringify(all));
  } catch {
    // A full or forbidden storage keeps nobody from asking.
  }
  return all;
}

function isPast(value: unknown): value is Past {
  const { sql, at } = (value ?? {}) as Partial<Past>;
  return typeof sql === "string" && typeof at === "string";
}
