import {
  IconAlertOctagonFilled,
  IconAlertTriangleFilled,
  IconInfoCircleFilled,
  type IconProps,
} from "@tabler/icons-react";
import type { ComponentType } from "react";
import type { IssueSeverity } from "../lib/issue-model";
import { severityLabel, severityTone } from "../lib/issues";
import classes from "./status.module.css";

const icons: Record<IssueSeverity, ComponentType<IconProps>> = {
  info: IconInfoCircleFilled,
  warning: IconAlertTriangleFilled,
  critical: IconAlertOctagonFilled,
};

/** The sign of a severity: each has a shape of its own besides its colour. */
export function SeverityIcon({ severity }: { severity: IssueSeverity }) {
  const Icon = icons[severity];
  return (
    <Icon
      size={16}
      className={classes.icon ?? ""}
      data-tone={severityTone(severity)}
      aria-hidden="true"
    />
  );
}

/** A severity as sign and word on its soft colour. */
export function SeverityBadge({ severity }: { severity: IssueSeverity }) {
  return (
    <span className={classes.badge} data-tone={severityTone(severity)}>
      <SeverityIcon severity={severity} />
      {severityLabel(severity)}
    </span>
  );
}
