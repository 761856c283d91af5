import { UnstyledButton } from "@mantine/core";
import { formatDuration, formatRows } from "../../lib/format";
import type { NodeRun, PipelineNode } from "../../lib/model";
import { labelOf } from "../../lib/status";
import { StatusIcon } from "../../ui/status-icon";
import classes from "./run.module.css";

type Props = {
  nodes: PipelineNode[];
  nodeRuns: NodeRun[];
  selected: string | undefined;
  onSelect: (nodeId: string | undefined) => void;
};

/** The nodes of a run as a list: status, rows and time at a glance, reachable by keyboard. */
export function StepList({ nodes, nodeRuns, selected, onSelect }: Props) {
  const names = new Map(nodes.map((node) => [node.id, node.name || node.id]));
  return (
    <ul className={classes.stepList}>
      {nodeRuns.map((nodeRun) => {
        const chosen = nodeRun.node_id === selected;
        return (
          <li key={nodeRun.node_id}>
            <UnstyledButton
              className={classes.step ?? ""}
              aria-pressed={chosen}
              onClick={() => onSelect(chosen ? undefined : nodeRun.node_id)}
            >
              <StatusIcon status={nodeRun.status} size={17} />
              <bdi className={classes.stepName}>{names.get(nodeRun.node_id)}</bdi>
              <span className={classes.stepFacts}>{factsOf(nodeRun)}</span>
            </UnstyledButton>
          </li>
        );
      })}
    </ul>
  );
}

function factsOf({ status, row_count, duration_ms }: NodeRun): string {
  if (status === "success") return `${formatRows(row_count)} · ${formatDuration(duration_ms)}`;
  if (status === "running" && row_count > 0) return formatRows(row_count);
  return labelOf(status);
}
