const grouped = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

const units: readonly [number, string][] = [
  [1e12, "T"],
  [1e9, "B"],
  [1e6, "M"],
  [1e3, "k"],
];

/** "9,412", from ten thousand on "12.3 k", "1.2 M". */
export function formatCount(n: number): string {
  if (Math.abs(n) < 10_000) return grouped.format(n);
  for (const [size, letter] of units) {
    if (Math.abs(n) < size) continue;
    const scaled = n / size;
    return `${scaled >= 100 ? Math.floor(scaled) : Math.floor(scaled * 10) / 10} ${letter}`;
  }
  return grouped.format(n);
}

/** Every digit, grouped: "1,234,567". */
export function formatExactCount(n: number): string {
  return grouped.format(n);
}

/** "1 row", "1.2 M rows". */
export function formatRows(n: number): string {
  return `${formatCount(n)} ${n === 1 ? "row" : "rows"}`;
}

/** "182.4 kB", "3 MB". */
export function formatBytes(n: number): string {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"];
  const step = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(n, 1)) / 3));
  return new Intl.NumberFormat("en-US", {
    style: "unit",
    unit: units[step] ?? "byte",
    unitDisplay: step === 0 ? "long" : "short",
    maximumFractionDigits: 1,
  }).format(n / 1000 ** step);
}

/** "340 ms", "3.4 s", "2 min 05 s", "1 h 12 min". */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${pad(seconds % 60)} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${pad(minutes % 60)} min`;
}

/** How long ago, in one unit: "just now", "12 s ago", "3 d ago"; the date when older than 30 days. */
export function formatRelative(iso: string, now: number): string {
  const at = Date.parse(iso);
  if (Number.isNaN(at)) return "";
  const seconds = Math.round((now - at) / 1000);
  if (seconds < 0) return seconds > -5 ? "just now" : `in ${span(-seconds)}`;
  if (seconds < 5) return "just now";
  if (seconds > 30 * 86_400) return new Date(at).toLocaleDateString("en", { dateStyle: "medium" });
  return `${span(seconds)} ago`;
}

/** The moment to the second, in the viewer's zone. */
export function formatExact(iso: string): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return "";
  return at.toLocaleString("en", { dateStyle: "medium", timeStyle: "long" });
}

/** The time of day with milliseconds, for log lines: "14:03:27.041". */
export function formatClock(iso: string): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return "";
  const time = [at.getHours(), at.getMinutes(), at.getSeconds()].map(pad).join(":");
  return `${time}.${String(at.getMilliseconds()).padStart(3, "0")}`;
}

/** How long a run has taken until its end, or until now; undefined when it never started. */
export function elapsedMs(
  run: { started_at: string | null; finished_at: string | null },
  now: number,
): number | undefined {
  if (!run.started_at) return undefined;
  const end = run.finished_at ? Date.parse(run.finished_at) : now;
  const elapsed = end - Date.parse(run.started_at);
  return Number.isNaN(elapsed) ? undefined : Math.max(0, elapsed);
}

/** The part of an id that people compare by eye. */
export function shortId(id: string): string {
  return id.length > 10 ? id.slice(-8) : id;
}

function span(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

function pad(n: number): string {
  return String(n).padStart(2, "0");
}
