import type { ComponentType, ReactNode } from "react";
import type { Tone } from "../lib/status";
import classes from "./states.module.css";

type Props = {
  tone: Tone;
  icon: ComponentType<{ size?: number }>;
  title: string;
  children?: ReactNode;
};

/** A few words in place that ask for attention. */
export function Notice({ tone, icon: Icon, title, children }: Props) {
  return (
    <div className={classes.notice} role="alert" data-tone={tone}>
      <Icon size={18} />
      <div className={classes.noticeWords}>
        <strong className={classes.noticeTitle}>{title}</strong>
        {children}
      </div>
    </div>
  );
}
