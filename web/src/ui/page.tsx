import { Text, Title } from "@mantine/core";
import { type ReactNode, useEffect } from "react";
import classes from "./page.module.css";

type PageProps = {
  /** The name of the page in the browser's tab. */
  title: string;
  /** Whether the page takes the height of the window instead of growing with its content. */
  fill?: boolean;
  children: ReactNode;
};

/** The frame of a page's content. */
export function Page({ title, fill = false, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · broked`;
  }, [title]);
  return <div className={fill ? classes.fill : classes.page}>{children}</div>;
}

type HeaderProps = {
  title: ReactNode;
  /** What stands above the title: the way back to the list that it is of. */
  lead?: ReactNode;
  /** One line under the title. */
  facts?: ReactNode;
  actions?: ReactNode;
};

/** Title, facts and actions of a page. */
export function PageHeader({ title, lead, facts, actions }: HeaderProps) {
  return (
    <header className={classes.header}>
      <div className={classes.heading}>
        {lead && <div className={classes.lead}>{lead}</div>}
        <Title order={1} className={classes.title ?? ""}>
          <bdi>{title}</bdi>
        </Title>
        {facts && <div className={classes.facts}>{facts}</div>}
      </div>
      {actions && <div className={classes.actions}>{actions}</div>}
    </header>
  );
}

type PanelProps = { title?: string; aside?: ReactNode; children: ReactNode; className?: string };

/** A surface with a border that holds one thing. */
export function Panel({ title, aside, children, className = "" }: PanelProps) {
  return (
    <section className={`${classes.panel} ${className}`} aria-label={title}>
      {title && (
        <div className={classes.panelHead}>
          <Text component="h2" fw={650} fz="sm">
            {title}
          </Text>
          {aside}
        </div>
      )}
      {children}
    </section>
  );
}
