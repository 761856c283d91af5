import type { ReactNode } from "react";
import { Panel } from "../../ui/page";
import classes from "./gallery.module.css";

type Props = {
  title: string;
  /** Whether the part reaches to the panel's edges, as a table does. */
  bare?: boolean;
  children: ReactNode;
};

/** One part of the interface in its states. */
export function Part({ title, bare = false, children }: Props) {
  return (
    <Panel title={title}>
      <div className={bare ? "" : classes.part}>{children}</div>
    </Panel>
  );
}

/** A state of a part, with its name. */
export function State({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className={classes.state}>
      <h3 className={classes.stateName}>{name}</h3>
      {children}
    </div>
  );
}
