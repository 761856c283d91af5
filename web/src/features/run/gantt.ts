import type { Milestone } from "../../lib/history";
import type { NodeStatus, PipelineEdge, Run, RunDetail } from "../../lib/model";

/** A stretch of time: of waiting, or of one attempt at work. */
export type Bar = {
  kind: "queued" | "waiting" | "attempt";
  /** Milliseconds on the clock. */
  from: number;
  to: number;
  status?: NodeStatus;
  /** The attempt, from 1, where there was more than one. */
  attempt?: number;
};

export type GanttRow = {
  id: string;
  bars: Bar[];
};

export type Gantt = {
  from: number;
  to: number;
  /** The run itself: in the queue, and waiting for something to happen. */
  run: Bar[];
  nodes: GanttRow[];
};

type Timed = Pick<RunDetail, "created_at" | "finished_at" | "document">;

/** When a run and each of its nodes waited and worked; what has not ended goes on until now. */
export function layOut(run: Timed, milestones: Milestone[], now: number): Gantt {
  const from = Date.parse(run.created_at);
  const end = run.finished_at ? Date.parse(run.finished_at) : now;
  const ended = new Map<string, number>();
  for (const event of milestones) {
    if (event.type === "node.finished") ended.set(event.node_id, Date.parse(event.at));
  }
  const began = milestones.find(({ type }) => type === "run.started");
  const nodes = run.document.nodes.map(({ id }) => {
    const bars = attemptsOf(milestones, id, end);
    const first = bars[0]?.from;
    const ready = readyAt(id, run.document.edges, ended) ?? (began ? Date.parse(began.at) : from);
    const queued: Bar[] =
      first !== undefined && first > ready ? [{ kind: "queued", from: ready, to: first }] : [];
    return { id, bars: [...queued, ...bars] };
  });
  const last = Math.max(end, ...nodes.flatMap(({ bars }) => bars.map((bar) => bar.to)));
  return { from, to: Math.max(last, from + 1), run: runBars(milestones, from, end), nodes };
}

/** When the last of the nodes ended that a node waits for; undefined when it waits for none that has. */
function readyAt(id: string, edges: PipelineEdge[], ended: Map<string, number>) {
  const before = edges.flatMap((edge) => (edge.to === id ? (ended.get(edge.from) ?? []) : []));
  return before.length > 0 ? Math.max(...before) : undefined;
}

/** The attempts at a node. One that was interrupted with its server ends there. */
function attemptsOf(milestones: Milestone[], id: string, end: number): Bar[] {
  const bars: Bar[] = [];
  let from: number | undefined;
  const close = (at: number, status: NodeStatus) => {
    if (from !== undefined) bars.push({ kind: "attempt", from, to: Math.max(at, from), status });
    from = undefined;
  };
  for (const event of milestones) {
    const at = Date.parse(event.at);
    switch (nodeEvent(event, id)) {
      case "node.started":
        from ??= at;
        break;
      case "node.retrying":
        close(at, "failed");
        from = at;
        break;
      case "node.finished":
        close(at, event.type === "node.finished" ? event.status : "success");
        break;
      case "run.interrupted":
        close(at, "cancelled");
    }
  }
  close(end, "running");
  if (bars.length < 2) return bars;
  return bars.map((bar, place) => ({ ...bar, attempt: place + 1 }));
}

/** The type of an event that is about a node, or about the whole run; undefined when it is about another node. */
function nodeEvent(event: Milestone, id: string): Milestone["type"] | undefined {
  return "node_id" in event && event.node_id && event.node_id !== id ? undefined : event.type;
}

const opens: Partial<Record<Milestone["type"], Bar["kind"]>> = {
  "run.waiting": "waiting",
  "run.interrupted": "queued",
};

const closes: readonly Milestone["type"][] = ["run.started", "run.finished"];

/** When a run stood in the queue, and when it held no slot because it waited. */
function runBars(milestones: Milestone[], created: number, end: number): Bar[] {
  const bars: Bar[] = [];
  let open: Omit<Bar, "to"> | undefined = { kind: "queued", from: created };
  for (const event of milestones) {
    const at = Date.parse(event.at);
    const kind = opens[event.type];
    if (kind) open = { kind, from: at };
    if (!open || !closes.includes(event.type)) continue;
    bars.push({ ...open, to: at });
    open = undefined;
  }
  if (open) bars.push({ ...open, to: end });
  return bars.filter((bar) => bar.to > bar.from);
}

/** The bars of a run that another one has started. */
export function childBars(
  { created_at, started_at, finished_at, status }: Run,
  now: number,
): Bar[] {
  const created = Date.parse(created_at);
  const started = started_at ? Date.parse(started_at) : undefined;
  const end = finished_at ? Date.parse(finished_at) : now;
  const queued: Bar = { kind: "queued", from: created, to: started ?? end };
  if (started === undefined) return [queued];
  const worked = status === "blocked" || status === "waiting" ? "pending" : status;
  return [queued, { kind: "attempt", from: started, to: end, status: worked }];
}

/** Where a bar lies between the ends of the drawing, in percent. */
export function place(bar: Bar, { from, to }: { from: number; to: number }) {
  const share = (ms: number) => Math.min(100, Math.max(0, (100 * ms) / (to - from)));
  const left = share(bar.from - from);
  const width = Math.min(100 - left, share(bar.to - bar.from));
  return { left: `${left.toFixed(3)}%`, width: `${width.toFixed(3)}%` };
}

const steps = [1, 2, 5];

/** Marks on the line of time, about five of them at round numbers, in milliseconds from the start. */
export function ticks(wholeMs: number): number[] {
  let size = 1;
  while (wholeMs / size > 50) size *= 10;
  const step = size * (steps.find((one) => wholeMs / (one * size) <= 6) ?? 10);
  return Array.from({ length: Math.floor(wholeMs / step) + 1 }, (_, n) => n * step);
}

/** The milestones with those that are new, in order and each once. */
export function mergeMilestones(known: Milestone[], added: Milestone[]): Milestone[] {
  const last = known.at(-1)?.seq ?? 0;
  const fresh = added.filter(({ seq }) => seq > last);
  return fresh.length === 0 ? known : [...known, ...fresh];
}
