import type { IssueKind, IssueState } from "../lib/issue-model";
import { issueKinds, issueStates } from "../lib/issues";
import type { LogLevel, RunStatus } from "../lib/model";
import { asRunStatus } from "../lib/status";

/** What the URL of each page may say after the "?"; anything else in it is dropped. */
type Raw = Record<string, unknown>;

export type NextSearch = { next?: string };

/** Only paths of this site: an address from elsewhere must not choose where one goes on. */
export function nextSearch(raw: Raw): NextSearch {
  const next = text(raw.next);
  return next && /^\/(?![/\\])[^\t\r\n]*$/.test(next) ? { next } : {};
}

export type PipelinesSearch = { q?: string; tag?: string; create?: "template" | "import" };

/** The list of pipelines: words looked for, a tag, and the open dialog. */
export function pipelinesSearch(raw: Raw): PipelinesSearch {
  const q = text(raw.q);
  const tag = text(raw.tag);
  const create = oneOf(raw.create, ["template", "import"] as const);
  return { ...(q && { q }), ...(tag && { tag }), ...(create && { create }) };
}

export type PipelineSearch = {
  tab?: "runs" | "settings" | "backfills" | "triggers" | "versions" | "yaml";
  node?: string;
  after?: string;
  from?: number;
  to?: number;
};

/** A pipeline's page: its tab, the chosen node, and what the tab shows. */
export function pipelineSearch(raw: Raw): PipelineSearch {
  const tab = oneOf(raw.tab, [
    "runs",
    "settings",
    "backfills",
    "triggers",
    "versions",
    "yaml",
  ] as const);
  const node = text(raw.node);
  const after = text(raw.after);
  const from = whole(raw.from);
  const to = whole(raw.to);
  return {
    ...(tab && { tab }),
    ...(node && { node }),
    ...(after && { after }),
    ...(from && { from }),
    ...(to && { to }),
  };
}

export type GallerySearch = { kind?: string; part?: string };

/** The gallery: whose form is shown, or which parts. */
export function gallerySearch(raw: Raw): GallerySearch {
  const kind = text(raw.kind);
  const part = text(raw.part);
  return { ...(kind && { kind }), ...(part && { part }) };
}

export type EditorSearch = { view?: "both" | "yaml" | "settings"; node?: string };

/** The editor of a pipeline: its view, and the open node. */
export function editorSearch(raw: Raw): EditorSearch {
  const view = oneOf(raw.view, ["both", "yaml", "settings"] as const);
  const node = text(raw.node);
  return { ...(view && { view }), ...(node && { node }) };
}

export type KeysSearch = { create?: "token" };

/** The list of tokens: whether one is being made. */
export function keysSearch(raw: Raw): KeysSearch {
  const create = oneOf(raw.create, ["token"] as const);
  return create ? { create } : {};
}

export type RunsSearch = {
  as?: "grid" | "calendar";
  status?: RunStatus;
  pipeline?: string;
  trigger?: string;
  /** The last hours or days. */
  range?: "24h" | "7d" | "30d";
  /** One day of the viewer's zone, as in "2026-03-01"; it goes before a range. */
  day?: string;
  /** One or two runs that are to be compared, with a comma between them. */
  pick?: string;
  after?: string;
};

/** The runs: as a list, a grid or a calendar, what narrows them, and where the stretch begins. */
export function runsSearch(raw: Raw): RunsSearch {
  const as = oneOf(raw.as, ["grid", "calendar"] as const);
  const status = asRunStatus(raw.status);
  const pipeline = text(raw.pipeline);
  const trigger = text(raw.trigger);
  const range = oneOf(raw.range, ["24h", "7d", "30d"] as const);
  const day = text(raw.day);
  const pick = text(raw.pick);
  const after = text(raw.after);
  return {
    ...(as && { as }),
    ...(status && { status }),
    ...(pipeline && { pipeline }),
    ...(trigger && { trigger }),
    ...(range && { range }),
    ...(day && /^\d{4}-\d\d-\d\d$/.test(day) && { day }),
    ...(pick && { pick }),
    ...(after && { after }),
  };
}

export type CompareSearch = { a?: string; b?: string; only?: "changed" };

/** Two runs beside each other, and whether only what differs is shown. */
export function compareSearch(raw: Raw): CompareSearch {
  const a = text(raw.a);
  const b = text(raw.b);
  const only = oneOf(raw.only, ["changed"] as const);
  return { ...(a && { a }), ...(b && { b }), ...(only && { only }) };
}

export type IssuesSearch = {
  state?: IssueState | "all";
  kind?: IssueKind;
  mine?: true;
  after?: string;
};

/** The list of issues: unresolved ones unless it says otherwise, and where the stretch begins. */
export function issuesSearch(raw: Raw): IssuesSearch {
  const state = oneOf(raw.state, [...issueStates, "all"] as const);
  const kind = oneOf(raw.kind, issueKinds);
  const after = text(raw.after);
  return {
    ...(state && { state }),
    ...(kind && { kind }),
    ...(raw.mine === true && { mine: true }),
    ...(after && { after }),
  };
}

export type ContactsSearch = {
  product?: "recruiting" | "retention";
  email?: string;
  status?: string;
  tag?: string;
  after?: string;
};

/** The list of contacts: what narrows it, and where the stretch begins. */
export function contactsSearch(raw: Raw): ContactsSearch {
  const product = oneOf(raw.product, ["recruiting", "retention"] as const);
  const email = text(raw.email);
  const status = text(raw.status);
  const tag = text(raw.tag);
  const after = text(raw.after);
  return {
    ...(product && { product }),
    ...(email && { email }),
    ...(status && { status }),
    ...(tag && { tag }),
    ...(after && { after }),
  };
}

export type RunSearch = {
  node?: string;
  panel?: "log" | "gantt" | "steps" | "runs" | "data" | "columns" | "node";
  level?: LogLevel;
  q?: string;
};

/** A run's page: the chosen node, the lower panel, and the log's filters. */
export function runSearch(raw: Raw): RunSearch {
  const node = text(raw.node);
  const panel = oneOf(raw.panel, [
    "log",
    "gantt",
    "steps",
    "runs",
    "data",
    "columns",
    "node",
  ] as const);
  const level = oneOf(raw.level, ["debug", "info", "warning", "error"] as const);
  const q = text(raw.q);
  return {
    ...(node && { node }),
    ...(panel && { panel }),
    ...(level && { level }),
    ...(q && { q }),
  };
}

export type ConsoleSearch = { run?: string; before?: string; node?: string; sql?: string };

/** The console: the run, one to compare it with, a node to begin with, and the statement. */
export function consoleSearch(raw: Raw): ConsoleSearch {
  const run = text(raw.run);
  const before = text(raw.before);
  const node = text(raw.node);
  const sql = text(raw.sql);
  return {
    ...(run && { run }),
    ...(before && { before }),
    ...(node && { node }),
    ...(sql && { sql }),
  };
}

export type LineageSearch = { asset?: string; q?: string };

/** Lineage: the chosen asset, and words looked for. */
export function lineageSearch(raw: Raw): LineageSearch {
  const asset = text(raw.asset);
  const q = text(raw.q);
  return { ...(asset && { asset }), ...(q && { q }) };
}

export type ReferenceSearch = { op?: string; q?: string };

/** The reference of the API: the chosen operation, and words looked for. */
export function referenceSearch(raw: Raw): ReferenceSearch {
  const op = text(raw.op);
  const q = text(raw.q);
  return { ...(op && { op }), ...(q && { q }) };
}

export type AuditSearch = {
  event?: string;
  actor?: string;
  since?: string;
  until?: string;
  after?: string;
  entry?: number;
};

/** The audit log: what to look for, where the stretch begins, and the open entry. */
export function auditSearch(raw: Raw): AuditSearch {
  const event = text(raw.event);
  const actor = text(raw.actor);
  const since = moment(raw.since);
  const until = moment(raw.until);
  const after = text(raw.after);
  const entry = whole(raw.entry);
  return {
    ...(event && { event }),
    ...(actor && { actor }),
    ...(since && { since }),
    ...(until && { until }),
    ...(after && { after }),
    ...(entry && { entry }),
  };
}

/** A moment as the API takes it. */
function moment(value: unknown): string | undefined {
  const at = typeof value === "string" ? new Date(value) : undefined;
  return at && !Number.isNaN(at.getTime()) ? at.toISOString() : undefined;
}

function text(value: unknown): string | undefined {
  // The router reads ?q=12 as a number, yet it was typed as words.
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return typeof value === "string" && value !== "" ? value : undefined;
}

function whole(value: unknown): number | undefined {
  return typeof value === "number" && Number.isInteger(value) && value > 0 ? value : undefined;
}

function oneOf<T extends string>(value: unknown, allowed: readonly T[]): T | undefined {
  return allowed.find((one) => one === value);
}
