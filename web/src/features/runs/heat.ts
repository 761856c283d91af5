import type { Day } from "../../lib/history";

export type Week = { first: string; days: (Day | undefined)[] };

/** Days in columns of weeks from Monday to Sunday; days that are not there are undefined. */
export function weeksOf(days: Day[]): Week[] {
  const weeks: Week[] = [];
  for (const day of days) {
    const weekday = (noon(day.date).getDay() + 6) % 7;
    if (weekday === 0 || weeks.length === 0) {
      weeks.push({ first: day.date, days: Array.from({ length: 7 }, () => undefined) });
    }
    const week = weeks.at(-1);
    if (week) week.days[weekday] = day;
  }
  return weeks;
}

/** The name of the month over a week in which one begins; "" over the others. */
export function monthOver(week: Week, place: number): string {
  const first = week.days.find((day) => day?.date.endsWith("-01"))?.date;
  const named = first ?? (place === 0 ? week.first : "");
  return named ? noon(named).toLocaleString("en", { month: "short" }) : "";
}

/** How much ran on a day, in five steps from 0, beside the day with the most. */
export function levelOf(day: Day, most: number): number {
  if (day.total === 0 || most === 0) return 0;
  return Math.max(1, Math.ceil((4 * Math.sqrt(day.total)) / Math.sqrt(most)));
}

/** What a day was like, in words. */
export function dayWords(day: Day): string {
  return `${dateWords(day.date)}: ${countWords(day)}`;
}

/** A date in words. */
export function dateWords(date: string): string {
  return noon(date).toLocaleDateString("en", {
    weekday: "short",
    day: "numeric",
    month: "long",
    year: "numeric",
  });
}

/** How many runs a day had, and what became of them. */
export function countWords({ total, failed, active }: Day): string {
  const parts = [`${total.toLocaleString("en")} ${total === 1 ? "run" : "runs"}`];
  if (failed > 0) parts.push(`${failed.toLocaleString("en")} failed`);
  if (active > 0) parts.push(`${active.toLocaleString("en")} under way`);
  return parts.join(", ");
}

/** The middle of a day: no change of the clocks moves it to another. */
function noon(date: string): Date {
  return new Date(`${date}T12:00:00`);
}

/** The date that an arrow key leads to, or undefined. */
export function dateByKey(date: string, key: string): string | undefined {
  const steps: Record<string, number> = { ArrowUp: -1, ArrowDown: 1, ArrowLeft: -7, ArrowRight: 7 };
  const step = steps[key];
  if (step === undefined) return undefined;
  const day = noon(date);
  day.setDate(day.getDate() + step);
  const [month, of] = [day.getMonth() + 1, day.getDate()].map((n) => String(n).padStart(2, "0"));
  return `${day.getFullYear()}-${month}-${of}`;
}
