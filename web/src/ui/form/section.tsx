import { UnstyledButton } from "@mantine/core";
import { IconChevronRight } from "@tabler/icons-react";
import { type ReactNode, useState } from "react";
import classes from "./form.module.css";

type Props = {
  title: string;
  /** How many of its settings are set. */
  set: number;
  /** It is open, whatever somebody has chosen, because something in it needs to be seen. */
  open: boolean;
  children: ReactNode;
};

/** Settings that are out of the way until they are wanted. */
export function Section({ title, set, open, children }: Props) {
  const [wanted, setWanted] = useState(false);
  const shown = wanted || open;
  return (
    <section className={classes.section} aria-label={title}>
      <UnstyledButton
        className={classes.sectionHead}
        aria-expanded={shown}
        onClick={() => setWanted(!shown)}
      >
        <IconChevronRight size={16} className={classes.chevron} data-open={shown || undefined} />
        {title}
        {set > 0 && <span className={classes.count}>{set} set</span>}
      </UnstyledButton>
      {shown && <div className={classes.sectionBody}>{children}</div>}
    </section>
  );
}
