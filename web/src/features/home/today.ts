import type { Day } from "../../lib/history";

export type Lately = {
  /** Runs that were put on record today, and the day before. */
  today: number;
  yesterday: number;
  /** The share of those that ended in the last seven days; undefined when none has. */
  successRate: number | undefined;
};

const rateDays = 7;

/** The last days in numbers; the last of them is today. */
export function countLately(days: Day[]): Lately {
  const last = days.slice(-rateDays);
  const good = last.reduce((sum, day) => sum + day.success, 0);
  const ended = good + last.reduce((sum, day) => sum + day.failed, 0);
  return {
    today: days.at(-1)?.total ?? 0,
    yesterday: days.at(-2)?.total ?? 0,
    successRate: ended === 0 ? undefined : good / ended,
  };
}

/** The parts of a day's bar from the bottom up, in percent of the tallest. */
export function barParts(day: Day, most: number) {
  const share = (n: number) => (most === 0 ? 0 : (100 * n) / most);
  return [
    { tone: "good", height: share(day.success) },
    { tone: "muted", height: share(day.cancelled) },
    { tone: "busy", height: share(day.active) },
    { tone: "bad", height: share(day.failed) },
  ].filter(({ height }) => height > 0);
}

/** A day in words. */
export function dayWords({ date, total, failed, success }: Day): string {
  const when = new Date(`${date}T12:00:00`).toLocaleDateString("en", {
    weekday: "short",
    day: "numeric",
    month: "short",
  });
  const runs = `${total.toLocaleString("en")} ${total === 1 ? "run" : "runs"}`;
  return `${when}: ${runs}, ${success.toLocaleString("en")} succeeded, ${failed.toLocaleString("en")} failed`;
}
