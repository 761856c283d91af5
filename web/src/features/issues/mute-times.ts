const hour = 3_600_000;

/** How long an issue can be muted: words, and when that ends if it begins now. */
export function muteTimes(now: Date): { label: string; until: Date }[] {
  return [
    { label: "For an hour", until: new Date(now.getTime() + hour) },
    { label: "For 8 hours", until: new Date(now.getTime() + 8 * hour) },
    { label: "Until tomorrow, 9:00", until: morning(now, 1) },
    { label: "Until Monday, 9:00", until: morning(now, daysToMonday(now)) },
    { label: "For 30 days", until: new Date(now.getTime() + 30 * 24 * hour) },
  ];
}

/** Nine in the morning of the viewer's zone, some days on. */
function morning(now: Date, days: number): Date {
  const at = new Date(now);
  at.setDate(at.getDate() + days);
  at.setHours(9, 0, 0, 0);
  return at;
}

/** From 1 on a Sunday to 7 on a Monday. */
function daysToMonday(now: Date): number {
  return (8 - now.getDay()) % 7 || 7;
}
