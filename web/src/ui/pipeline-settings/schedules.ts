import { queryOptions } from "@tanstack/react-query";
import { post } from "../../lib/api";
import type { Json, Settings } from "../../lib/model";

/** What the server says of a schedule. */
export type SchedulePreview = {
  valid: boolean;
  /** As it is to be written into a document. */
  cron?: string;
  description?: string;
  next: string[];
  error?: string;
  suggestion?: string;
};

/** What an expression or words mean in a zone, and when that is next. */
export function schedulePreviewQuery(input: string, timezone: string) {
  return queryOptions({
    queryKey: ["schedule", input, timezone],
    queryFn: () => post<SchedulePreview>("/api/schedule/preview", { input, timezone }),
    enabled: input.trim() !== "",
    staleTime: 30_000,
  });
}

/** Schedules that many pipelines have. */
export const presets = [
  { value: "*/15 * * * *", label: "Every 15 minutes" },
  { value: "0 * * * *", label: "Every hour" },
  { value: "0 6 * * *", label: "Every day at 6:00" },
  { value: "0 9 * * 1-5", label: "Every weekday at 9:00" },
  { value: "0 8 * * 1", label: "Every Monday at 8:00" },
  { value: "0 6 1 * *", label: "On the first of every month at 6:00" },
];

/** Where the members of a schedule stand in the document: the first one's have names of their own. */
export type Place = {
  /** Empty is the one without a name. */
  name: string;
  members: Record<"cron" | "timezone" | "paused" | "catchup", (string | number)[]>;
  params?: (string | number)[];
  index?: number;
};

const first: Place = {
  name: "",
  members: {
    cron: ["schedule"],
    timezone: ["schedule_timezone"],
    paused: ["schedule_paused"],
    catchup: ["catchup"],
  },
};

/** The schedules of a document, the one without a name first. */
export function placesOf(document: Settings): Place[] {
  const others = Array.isArray(document.schedules) ? document.schedules : [];
  const places = others.map((one, index): Place => {
    const at = (member: string) => ["schedules", index, member];
    const { name } = (one ?? {}) as Settings;
    return {
      name: typeof name === "string" ? name : "",
      index,
      members: {
        cron: at("cron"),
        timezone: at("timezone"),
        paused: at("paused"),
        catchup: at("catchup"),
      },
      params: at("params"),
    };
  });
  return typeof document.schedule === "string" && document.schedule !== ""
    ? [first, ...places]
    : places;
}

/** What stands at a place of a document. */
export function valueAt(document: Settings, path: (string | number)[]): Json | undefined {
  let value: Json | undefined = document;
  for (const step of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Record<string | number, Json | undefined>)[step];
  }
  return value;
}

/** A name for one more schedule. */
export function freeName(document: Settings): string {
  const names = placesOf(document).map(({ name }) => name);
  for (let n = names.length + 1; ; n++) {
    if (!names.includes(`schedule-${n}`)) return `schedule-${n}`;
  }
}

/** The zones that there are, the viewer's first. */
export function zoneNames(): string[] {
  return [...new Set([viewerZone(), "UTC", ...Intl.supportedValuesOf("timeZone")])];
}

export function viewerZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** A moment by the clocks of a zone; of no zone that there is, by UTC. */
export function timeIn(moment: string, timeZone: string): string {
  const format = {
    weekday: "short",
    day: "numeric",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  } as const;
  try {
    return new Intl.DateTimeFormat("en", { ...format, timeZone }).format(new Date(moment));
  } catch {
    return new Intl.DateTimeFormat("en", { ...format, timeZone: "UTC" }).format(new Date(moment));
  }
}
