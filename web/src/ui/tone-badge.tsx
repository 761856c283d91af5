import type { ReactNode } from "react";
import type { Tone } from "../lib/status";
import classes from "./status.module.css";

/** A word on the soft colour of its meaning. */
export function ToneBadge({ tone, children }: { tone: Tone; children: ReactNode }) {
  return (
    <span className={`${classes.badge} ${classes.word}`} data-tone={tone}>
      {children}
    </span>
  );
}
