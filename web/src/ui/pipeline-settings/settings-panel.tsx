import { type ReactNode, useId } from "react";
import classes from "./pipeline-settings.module.css";

type Props = { title: string; lead?: ReactNode | undefined; children: ReactNode };

/** One subject of a pipeline's settings. */
export function SettingsPanel({ title, lead, children }: Props) {
  const id = useId();
  return (
    <section className={classes.panel} aria-labelledby={id}>
      <div className={classes.head}>
        <h2 id={id} className={classes.title}>
          {title}
        </h2>
        {lead && <p className={classes.lead}>{lead}</p>}
      </div>
      <div className={classes.body}>{children}</div>
    </section>
  );
}
