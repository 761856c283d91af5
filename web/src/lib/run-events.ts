import type { LogLine, NodeRun, RunDetail, RunEvent } from "./model";
import { isActive } from "./status";

/**
 * The run as it is after an event. Events may be doubled or come after a newer
 * answer of the server, so a finished run or node never goes back to running.
 */
export function foldEvent(run: RunDetail, event: RunEvent): RunDetail {
  switch (event.type) {
    case "run.started":
      return isActive(run.status)
        ? { ...run, status: "running", started_at: run.started_at ?? event.at }
        : run;
    case "run.interrupted":
      return isActive(run.status)
        ? { ...run, status: "pending", started_at: null, node_runs: [] }
        : run;
    case "run.waiting":
      return isActive(run.status) ? { ...run, status: "waiting" } : run;
    case "run.finished":
      return {
        ...run,
        status: event.status,
        finished_at: run.finished_at ?? event.at,
        ...(event.error ? { error: event.error } : {}),
      };
    case "node.started":
    case "node.retrying":
    case "node.progress":
    case "node.finished":
      return foldNodeEvent(run, event);
    case "log":
    case "preview":
      return run;
  }
}

type NodeEvent = Extract<RunEvent, { type: `node.${string}` }>;

function foldNodeEvent(run: RunDetail, event: NodeEvent): RunDetail {
  const nodeRuns = run.node_runs ?? [];
  const known = nodeRuns.find((node) => node.node_id === event.node_id);
  const before = known ?? newNodeRun(run.id, event.node_id);
  const after = nodeAfter(before, event);
  return {
    ...run,
    node_runs: known
      ? nodeRuns.map((node) => (node === known ? after : node))
      : [...nodeRuns, after],
  };
}

function nodeAfter(node: NodeRun, event: NodeEvent): NodeRun {
  if (event.type === "node.finished") return finishedNode(node, event);
  if (node.status !== "pending" && node.status !== "running") return node;
  if (event.type === "node.started") {
    return { ...node, status: "running", started_at: node.started_at ?? event.at };
  }
  if (event.type === "node.retrying") return { ...node, ...retried(node, event.message) };
  return {
    ...node,
    status: "running",
    row_count: event.rows ?? node.row_count,
    ...(event.progress === undefined ? {} : { progress: event.progress }),
  };
}

/** What a new attempt changes. Events may be doubled, so the attempt is the one that is told. */
function retried({ attempt }: NodeRun, message = ""): Partial<NodeRun> {
  const [, current, attempts] = /^attempt (\d+) of (\d+)/.exec(message) ?? [];
  return {
    status: "running",
    progress: 0,
    attempt: current ? Number(current) - 1 : attempt + 1,
    ...(attempts ? { attempts: Number(attempts) } : {}),
  };
}

/** Which attempt of how many: "Attempt 2 of 4"; 0 is the first. */
export function attemptWords(attempt: number, attempts?: number): string {
  return `Attempt ${attempt + 1}${attempts ? ` of ${attempts}` : ""}`;
}

type NodeFinished = Extract<RunEvent, { type: "node.finished" }>;

function finishedNode(node: NodeRun, event: NodeFinished): NodeRun {
  const rows = event.rows ?? node.row_count;
  const duration = event.duration_ms ?? node.duration_ms;
  return {
    ...node,
    status: event.status,
    row_count: rows,
    duration_ms: duration,
    rows_per_sec: duration > 0 ? (rows * 1000) / duration : 0,
    ...(event.error ? { error: event.error } : {}),
    ...(event.failure ? { failure: event.failure } : {}),
    ...(event.restored ? { restored: true } : {}),
  };
}

function newNodeRun(runId: string, nodeId: string): NodeRun {
  return {
    id: "",
    run_id: runId,
    node_id: nodeId,
    status: "pending",
    row_count: 0,
    started_at: null,
    duration_ms: 0,
    queue_ms: 0,
    rows_per_sec: 0,
    attempt: 0,
  };
}

/** The log lines with those that are new, in order and each once. */
export function mergeLines(known: LogLine[], added: LogLine[]): LogLine[] {
  const last = known.at(-1)?.seq ?? -1;
  const fresh = added.filter((line) => line.seq > last);
  return fresh.length === 0 ? known : [...known, ...fresh];
}
