import { dateOf } from "../../lib/history";
import type { RunStatus } from "../../lib/model";
import type { RunFilter } from "../../lib/queries";

/** What the URL says of which runs are wanted. */
export type Chosen = {
  status?: RunStatus;
  pipeline?: string;
  trigger?: string;
  range?: "24h" | "7d" | "30d";
  day?: string;
  after?: string;
};

const hour = 3_600_000;

const spans = { "24h": 24 * hour, "7d": 7 * 24 * hour, "30d": 30 * 24 * hour };

/** What the API is asked for; now is the end of a range such as the last seven days. */
export function filterOf({ range, day, ...same }: Chosen, now: number): RunFilter {
  if (day) {
    const [since, until] = [0, 1].map((later) => new Date(midnight(day, later)).toISOString());
    return { ...same, ...(since && until ? { since, until } : {}) };
  }
  return range ? { ...same, since: new Date(now - spans[range]).toISOString() } : same;
}

/** When a day begins in the viewer's zone, or one that is some days later. */
function midnight(day: string, later: number): number {
  const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
  return new Date(year, month - 1, date + later).getTime();
}

/** The present to the minute: what is asked for stays the same while people look at it. */
export function thisMinute(now: number): number {
  return Math.floor(now / 60_000) * 60_000;
}

/** The runs that are picked after one was picked or dropped: at most two, the latest ones. */
export function togglePick(pick: readonly string[], id: string): string[] {
  return pick.includes(id) ? pick.filter((one) => one !== id) : [...pick.slice(-1), id];
}

/** The first and the last day of a calendar that has whole weeks and ends today. */
export function calendarRange(now: Date, weeks: number): { from: string; to: string } {
  const weekday = (now.getDay() + 6) % 7; // Monday is the first
  return { from: dateOf(now, -weekday - 7 * (weeks - 1)), to: dateOf(now) };
}
