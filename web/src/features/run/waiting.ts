import type { RunDetail } from "../../lib/model";

/** Why a run is not at work, in one sentence; undefined when it is, or has ended. */
export function whyWaiting(run: RunDetail): string | undefined {
  if (run.status === "pending") {
    return run.wait_reason
      ? `Not started yet: ${run.wait_reason}.`
      : "Not started yet: it is next in the queue, and starts when a slot is free.";
  }
  if (run.status !== "waiting") return undefined;
  if (run.wait_reason) return `Waiting: ${run.wait_reason}.`;
  const names = new Map(run.document.nodes.map((node) => [node.id, node.name || node.id]));
  const held = (run.node_runs ?? [])
    .filter(({ status }) => status === "running")
    .map(({ node_id }) => names.get(node_id) ?? node_id);
  if (held.length === 0) return "Waiting: it holds no slot until something happens.";
  return `Waiting for ${held.join(" and ")}. It holds no slot meanwhile.`;
}
