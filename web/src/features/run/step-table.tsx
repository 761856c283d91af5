import { UnstyledButton } from "@mantine/core";
import { formatCount, formatDuration, formatExactCount } from "../../lib/format";
import type { NodeRun, RunDetail } from "../../lib/model";
import { attemptWords } from "../../lib/run-events";
import { labelOf, toneOf } from "../../lib/status";
import { StatusIcon } from "../../ui/status-icon";
import { placeInTime } from "./steps";
import classes from "./steps.module.css";

type Props = {
  run: RunDetail;
  nodeRuns: NodeRun[];
  selected: string | undefined;
  onSelect: (nodeId: string | undefined) => void;
};

/** The nodes of a run one below the other: how they went, how many rows, and when in the run they worked. */
export function StepTable({ run, nodeRuns, selected, onSelect }: Props) {
  const names = new Map(run.document.nodes.map((node) => [node.id, node.name || node.id]));
  const wholeMs = Math.max(1, ...nodeRuns.map((one) => one.queue_ms + one.duration_ms));
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
    <section className={classes.scroller} tabIndex={0} aria-label="Steps">
      <table className={classes.table}>
        <thead>
          <tr>
            <th>Node</th>
            <th className={classes.number}>Rows</th>
            <th className={classes.number}>Rows a second</th>
            <th className={classes.number}>Waited</th>
            <th className={classes.number}>Took</th>
            <th className={classes.time}>In the run</th>
          </tr>
        </thead>
        <tbody>
          {nodeRuns.map((nodeRun) => (
            <StepRow
              key={nodeRun.node_id}
              nodeRun={nodeRun}
              name={names.get(nodeRun.node_id) ?? nodeRun.node_id}
              wholeMs={wholeMs}
              chosen={nodeRun.node_id === selected}
              onSelect={onSelect}
            />
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** The status, and what is out of the ordinary about it. */
function statusWords({ status, attempt, attempts, restored }: NodeRun): string {
  if (restored) return "Restored";
  return attempt > 0
    ? `${labelOf(status)}, ${attemptWords(attempt, attempts).toLowerCase()}`
    : labelOf(status);
}

type RowProps = {
  nodeRun: NodeRun;
  name: string;
  wholeMs: number;
  chosen: boolean;
  onSelect: Props["onSelect"];
};

function StepRow({ nodeRun, name, wholeMs, chosen, onSelect }: RowProps) {
  const { status, started_at, row_count, rows_per_sec, queue_ms, duration_ms, restored } = nodeRun;
  const began = Boolean(started_at);
  return (
    <tr data-chosen={chosen}>
      <td>
        <UnstyledButton
          className={classes.name ?? ""}
          aria-pressed={chosen}
          onClick={() => onSelect(chosen ? undefined : nodeRun.node_id)}
        >
          <StatusIcon status={status} size={16} />
          <bdi>{name}</bdi>
          <span className={classes.status}>{statusWords(nodeRun)}</span>
        </UnstyledButton>
      </td>
      <td className={classes.number}>{began || restored ? formatExactCount(row_count) : "–"}</td>
      <td className={classes.number}>
        {rows_per_sec > 0 ? formatCount(Math.round(rows_per_sec)) : "–"}
      </td>
      <td className={classes.number}>{began ? formatDuration(queue_ms) : "–"}</td>
      <td className={classes.number}>{began ? formatDuration(duration_ms) : "–"}</td>
      <td className={classes.time}>
        {began && (
          <span className={classes.track}>
            <span data-tone={toneOf(status)} style={placeInTime(nodeRun, wholeMs)} />
          </span>
        )}
      </td>
    </tr>
  );
}
