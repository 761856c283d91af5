import { labelOf, type Status, toneOf } from "../lib/status";
import classes from "./status.module.css";
import { StatusIcon } from "./status-icon";

/** A status as sign and word on its soft colour. */
export function StatusBadge({ status }: { status: Status }) {
  return (
    <span className={classes.badge} data-tone={toneOf(status)}>
      <StatusIcon status={status} size={14} />
      {labelOf(status)}
    </span>
  );
}
