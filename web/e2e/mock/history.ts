import type {
  Calendar,
  Grid,
  GridCell,
  Milestone,
  NodeColumns,
  Profile,
} from "../../src/lib/history";
import type { NodeStatus } from "../../src/lib/model";
import { ago, flights } from "./fixtures";

/** A year of days that end today, busier on weekdays, with a failure now and then. */
export function calendar(days = 371): Calendar {
  return {
    timezone: "Europe/Vienna",
    days: Array.from({ length: days }, (_, place) => {
      const at = new Date(Date.now() - (days - 1 - place) * 86_400_000);
      const date = `${at.getFullYear()}-${String(at.getMonth() + 1).padStart(2, "0")}-${String(at.getDate()).padStart(2, "0")}`;
      const total = at.getDay() % 6 === 0 ? place % 3 : 4 + ((place * 37) % 90);
      const failed = place % 11 === 0 ? Math.min(total, 2) : 0;
      return { date, total, success: total - failed, failed, cancelled: 0, active: 0 };
    }),
  };
}

const cell = (status: NodeStatus, row_count = 336_776): GridCell => ({
  status,
  row_count,
  duration_ms: 412,
});

export const grid: Grid = {
  nodes: [
    ...flights.nodes.map(({ id, name, type }) => ({ id, name, type })),
    { id: "old", name: "old" },
  ],
  runs: Array.from({ length: 25 }, (_, place) => {
    const failed = place === 3 || place === 12;
    return {
      id: `r-${place}`,
      status: failed ? "failed" : "success",
      trigger: "scheduled",
      pipeline_version: place < 10 ? 4 : 3,
      created_at: ago(place * 60 + 3),
      started_at: ago(place * 60 + 3),
      finished_at: ago(place * 60 + 2.9 - (place % 7) / 4),
      nodes: Object.fromEntries(
        [...flights.nodes.map(({ id }) => id), ...(place > 15 ? ["old"] : [])].map((id, at) => [
          id,
          failed && at === 2 ? cell("failed", 0) : cell(failed && at > 2 ? "skipped" : "success"),
        ]),
      ),
    };
  }),
};

/** The columns of the same nodes before and after somebody changed the pipeline. */
export const columnsBefore: NodeColumns[] = [
  { node_id: "flights", columns: [{ name: "dep_delay", type: "BIGINT" }] },
  {
    node_id: "sums",
    columns: [
      { name: "carrier", type: "VARCHAR" },
      { name: "mean_delay", type: "DOUBLE" },
      { name: "flights", type: "BIGINT" },
    ],
  },
];

export const columnsAfter: NodeColumns[] = [
  { node_id: "flights", columns: [{ name: "dep_delay", type: "BIGINT" }] },
  {
    node_id: "sums",
    columns: [
      { name: "carrier", type: "VARCHAR" },
      { name: "mean_delay", type: "DECIMAL(18,3)" },
      { name: "name", type: "VARCHAR" },
    ],
  },
];

/** Whether an answer is that of /api/runs/calendar. */
export function isCalendar(json: unknown): json is Calendar {
  return typeof json === "object" && json !== null && "days" in json;
}

/** A calendar from a day on. */
export function since(all: Calendar, from: string): Calendar {
  return { ...all, days: all.days.filter(({ date }) => date >= from) };
}

/** When the finished run of the fixtures and its nodes began, were tried again and ended. */
export function milestones(start: string): Milestone[] {
  const at = (ms: number) => new Date(Date.parse(start) + ms).toISOString();
  const rows: [Milestone["type"], number, string?][] = [
    ["run.started", 900],
    ["node.started", 910, "flights"],
    ["node.started", 915, "carriers"],
    ["node.finished", 930, "carriers"],
    ["node.finished", 1500, "flights"],
    ["node.started", 1510, "late"],
    ["node.retrying", 1800, "late"],
    ["node.finished", 2300, "late"],
    ["node.started", 2700, "named"],
    ["node.finished", 3000, "named"],
    ["node.started", 3000, "sums"],
    ["node.finished", 3300, "sums"],
    ["node.started", 3310, "write"],
    ["node.finished", 3600, "write"],
    ["run.finished", 3600],
  ];
  return rows.map(
    ([type, ms, node_id], place) =>
      ({
        seq: place + 1,
        run_id: "r1",
        type,
        at: at(ms),
        ...(node_id && { node_id }),
        ...(type.endsWith("finished") && { status: "success" }),
      }) as Milestone,
  );
}

export const profile: Profile = {
  rows: 336_776,
  kept: true,
  truncated: false,
  columns: [
    {
      name: "mean_delay",
      type: "DOUBLE",
      nulls: 8_255,
      distinct: 528,
      min: "-43.0",
      max: "1301.0",
      mean: 12.639,
      histogram: [900, 1000, 420, 230, 120, 80, 60, 40, 30, 20, 14, 9, 6, 5, 3, 2, 2, 1, 0, 1],
    },
    {
      name: "carrier",
      type: "VARCHAR",
      nulls: 0,
      distinct: 16,
      min: "9E",
      max: "YV",
      top: [
        { value: "UA", count: 58_665 },
        { value: "B6", count: 54_635 },
        { value: "شركة الطيران الطويلة جدا جدا", count: 54_173 },
      ],
    },
    {
      name: "tailnum",
      type: "VARCHAR",
      nulls: 2_512,
      distinct: 4_043,
      min: "D942DN",
      max: "N9EAMQ",
    },
    { name: "tags", type: "VARCHAR[]", nulls: 336_776, distinct: 0 },
  ],
};
