import { Handle, type NodeProps, Position } from "@xyflow/react";
import { memo } from "react";
import { formatDuration, formatRows } from "../../lib/format";
import type { NodeRun } from "../../lib/model";
import { labelOf, toneOf } from "../../lib/status";
import { KindIcon, kindColour } from "../kind-icon";
import { StatusIcon } from "../status-icon";
import classes from "./canvas.module.css";
import type { StepNode } from "./elements";

/** One node on the canvas: its kind and name, and on a run how it went. */
export const StepCard = memo(({ data, selected }: NodeProps<StepNode>) => {
  const { step, kind, nodeRun } = data;
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
      {status === "running" && <Progress share={nodeRun?.progress} />}
      {kind?.has_output !== false && (
        <Handle type="source" position={Position.Right} isConnectable={false} />
      )}
    </div>
  );
});

function runWords(nodeRun: NodeRun): string {
  const { status, row_count, duration_ms } = nodeRun;
  if (status === "success") return `${formatRows(row_count)} · ${formatDuration(duration_ms)}`;
  if (status === "running" && row_count > 0) return `${formatRows(row_count)} so far`;
  return labelOf(status);
}

function Progress({ share }: { share: number | undefined }) {
  const known = share !== undefined && share > 0;
  return (
    <span className={`${classes.progress} ${known ? "" : classes.unknown}`} aria-hidden="true">
      <span style={known ? { width: `${Math.min(1, share) * 100}%` } : {}} />
    </span>
  );
}
