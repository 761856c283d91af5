import { IconPinFilled } from "@tabler/icons-react";
import { Handle, type NodeProps, Position } from "@xyflow/react";
import { memo } from "react";
import { formatDuration, formatRows } from "../../lib/format";
import { attemptWords } from "../../lib/run-events";
import { labelOf, toneOf } from "../../lib/status";
import { KindIcon, kindColour } from "../kind-icon";
import { StatusIcon } from "../status-icon";
import classes from "./canvas.module.css";
import type { StepNode, StepRun } from "./elements";

/** One node on the canvas: its kind and name, and on a run how it went. */
export const StepCard = memo(({ data, selected }: NodeProps<StepNode>) => {
  const { step, kind, nodeRun, pinned } = data;
  const status = nodeRun?.status;
  return (
    <div
      className={`${classes.card} ${selected ? classes.selected : ""}`}
      data-status={status}
      {...(status ? { "data-tone": toneOf(status) } : {})}
      style={{ "--kind": kindColour(kind?.category ?? "") }}
      title={step.name}
    >
      {kind?.max_inputs !== 0 && (
        <Handle type="target" position={Position.Left} isConnectable={false} />
      )}
      <span className={classes.kind}>
        <KindIcon icon={kind?.icon} />
      </span>
      <span className={classes.words}>
        <bdi className={classes.name}>{step.name || step.id}</bdi>
        <span className={classes.sub}>
          {nodeRun ? runWords(nodeRun) : (kind?.title ?? step.type)}
        </span>
      </span>
      {status && <StatusIcon status={status} size={18} />}
      {pinned && (
        <span className={classes.pin}>
          <IconPinFilled size={12} aria-hidden="true" />
        </span>
      )}
      {status === "running" && <Progress share={nodeRun?.progress} />}
      {kind?.has_output !== false && (
        <Handle type="source" position={Position.Right} isConnectable={false} />
      )}
    </div>
  );
});

function runWords(nodeRun: StepRun): string {
  const { status, row_count, duration_ms, restored } = nodeRun;
  if (status === "success") {
    const rows = formatRows(row_count);
    if (restored) return `${rows} · restored`;
    return duration_ms === undefined ? rows : `${rows} · ${formatDuration(duration_ms)}`;
  }
  if (status !== "running") return labelOf(status);
  if (nodeRun.attempt) return attemptWords(nodeRun.attempt, nodeRun.attempts);
  return row_count > 0 ? `${formatRows(row_count)} so far` : labelOf(status);
}

function Progress({ share }: { share: number | undefined }) {
  const known = share !== undefined && share > 0;
  return (
    <span className={`${classes.progress} ${known ? "" : classes.unknown}`} aria-hidden="true">
      <span style={known ? { width: `${Math.min(1, share) * 100}%` } : {}} />
    </span>
  );
}
