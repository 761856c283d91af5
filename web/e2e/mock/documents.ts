import { ago, flights } from "./fixtures";

const { nodes, edges } = flights;

export const templates = [
  {
    id: "flight-delays",
    name: "Flight delays",
    description: "Reads a CSV of flights, keeps the late ones and averages them per carrier.",
    icon: "plane",
    source: "New York departures, 2013",
    nodes,
    edges,
    params: null,
  },
  {
    id: "weather-by-month",
    name: "Weather by month",
    description: "Groups hourly readings by month and station, and writes Parquet.",
    icon: "calendar",
    source: "Weather at three airports, 2013",
    nodes: nodes.slice(0, 3),
    edges: [],
    params: null,
  },
  {
    id: "airports",
    name: "Airports per state",
    description: "Counts rows per group: the smallest pipeline that is of use.",
    icon: "map",
    source: "US airports",
    nodes: nodes.slice(0, 2),
    edges: [],
    params: null,
  },
];

export const versions = [4, 3, 2, 1].map((version) => ({
  version,
  message: ["", "Created", "", "rollback to v1", "Late means 15 minutes"][version] ?? "",
  created_at: ago(90 + (4 - version) * 1_300),
  author: version === 1 ? "grace" : "ada",
}));

export const changes = [
  {
    path: "nodes[late].config.expression",
    op: "changed",
    before: "delay > 0",
    after: "delay >= min_delay",
  },
  { path: "params.min_delay", op: "added", after: "15" },
  { path: "tags", op: "removed", before: ["test"] },
];

export const yaml = `version: "1"
name: Flight delays by carrier
description: Which carriers were late most often, and by how much.
tags: [travel, daily]
nodes:
  - id: flights
    type: source_file
    name: Read flights
    config:
      path: examples/data/flights.csv
      header: true # the first line
edges:
  - { from: flights, to: late }
`;

const none = { see: true, change: false, run: false, delete: false, lacks: ["pipelines.code"] };
const editing = { see: true, change: true, run: true, delete: true, lacks: ["pipelines.code"] };
const everything = { ...editing, lacks: [] };

/** Who may do what with a pipeline, as an administrator is told. */
export const access = {
  you: everything,
  needs: [{ part: "node", type: "code", names: ["sums"], permissions: ["pipelines.code"] }],
  roles: [
    { role: "viewer", ...none },
    { role: "editor", ...editing },
    { role: "admin", ...everything },
    { role: "superadmin", ...everything },
  ],
  members: [
    { user_id: "u1", username: "ada", role: "admin" },
    { user_id: "u2", username: "grace", role: "editor" },
    { user_id: "u3", username: "linus", role: "editor" },
  ],
  services: [{ id: "s1", service_name: "warehouse", ...none, run: true }],
};
