import {
  IconBan,
  IconCircleCheckFilled,
  IconCircleDashed,
  IconCircleXFilled,
  IconClockPause,
  IconLoader2,
  IconLock,
  IconPlayerSkipForward,
  type IconProps,
} from "@tabler/icons-react";
import type { ComponentType } from "react";
import { type Status, toneOf } from "../lib/status";
import classes from "./status.module.css";

const icons: Record<Status, ComponentType<IconProps>> = {
  pending: IconCircleDashed,
  blocked: IconLock,
  waiting: IconClockPause,
  running: IconLoader2,
  success: IconCircleCheckFilled,
  failed: IconCircleXFilled,
  cancelled: IconBan,
  skipped: IconPlayerSkipForward,
};

/** The sign of a status, in its colour; put the status in words beside it. */
export function StatusIcon({ status, size = 16 }: { status: Status; size?: number }) {
  const Icon = icons[status];
  const spin = status === "running" ? classes.spin : "";
  return (
    <Icon
      size={size}
      className={`${classes.icon} ${spin}`}
      data-tone={toneOf(status)}
      aria-hidden="true"
    />
  );
}
