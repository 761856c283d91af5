import type { Column, NodeColumns } from "../../lib/history";
import type { NodeRun, RunDetail } from "../../lib/model";

/** A change of the columns that a node gives. */
export type ColumnChange = {
  name: string;
  what: "added" | "removed" | "changed";
  /** Its type in the first run, and in the second. */
  before?: string;
  after?: string;
};

/** One node in two runs. */
export type NodePair = {
  id: string;
  name: string;
  a: NodeRun | undefined;
  b: NodeRun | undefined;
  /** Undefined when a run has kept no sample of the node. */
  columns: ColumnChange[] | undefined;
  /** Whether rows, columns or the status differ; times always do. */
  changed: boolean;
};

type Side = { run: RunDetail; columns: NodeColumns[] };

/** The nodes of two runs beside each other: those of the second, then those that only the first had. */
export function pairNodes(a: Side, b: Side): NodePair[] {
  const names = new Map(
    [...a.run.document.nodes, ...b.run.document.nodes].map((node) => [node.id, node.name]),
  );
  const inB = b.run.document.nodes.map((node) => node.id);
  const onlyA = a.run.document.nodes.map((node) => node.id).filter((id) => !inB.includes(id));
  return [...inB, ...onlyA].map((id) => {
    const [first, second] = [nodeRunOf(a.run, id), nodeRunOf(b.run, id)];
    const columns = columnChanges(columnsOf(a, id), columnsOf(b, id));
    const changed =
      first?.status !== second?.status ||
      first?.row_count !== second?.row_count ||
      (columns?.length ?? 0) > 0;
    return { id, name: names.get(id) || id, a: first, b: second, columns, changed };
  });
}

function nodeRunOf(run: RunDetail, id: string): NodeRun | undefined {
  return run.node_runs?.find((nodeRun) => nodeRun.node_id === id);
}

function columnsOf({ columns }: Side, id: string): Column[] | undefined {
  return columns.find((one) => one.node_id === id)?.columns;
}

/** What is different in the columns of a node, by name; undefined when one side is not known. */
export function columnChanges(
  before: Column[] | undefined,
  after: Column[] | undefined,
): ColumnChange[] | undefined {
  if (!before || !after) return undefined;
  const was = new Map(before.map(({ name, type }) => [name, type]));
  const is = new Map(after.map(({ name, type }) => [name, type]));
  const changes: ColumnChange[] = [];
  for (const { name, type } of after) {
    const old = was.get(name);
    if (old === undefined) changes.push({ name, what: "added", after: type });
    else if (old !== type) changes.push({ name, what: "changed", before: old, after: type });
  }
  for (const { name, type } of before) {
    if (!is.has(name)) changes.push({ name, what: "removed", before: type });
  }
  return changes;
}

/** By how much a number has changed: "+12 %", "−3 %", "" when it has not or was 0. */
export function changeWords(before: number, after: number): string {
  if (before === after || before === 0) return "";
  const share = (after - before) / before;
  const percent = Math.abs(share) * 100;
  if (percent >= 1000) return `×${Math.round(after / before).toLocaleString("en")}`;
  const words = percent < 0.1 ? "<0.1" : percent < 10 ? percent.toFixed(1) : percent.toFixed(0);
  return `${share < 0 ? "−" : "+"}${words} %`;
}
