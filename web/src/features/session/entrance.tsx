import { Title } from "@mantine/core";
import { type ReactNode, useEffect } from "react";
import { ColorSchemeToggle } from "../../ui/color-scheme-toggle";
import { Logo } from "../../ui/logo";
import classes from "./entrance.module.css";

type Props = { title: string; words: ReactNode; children: ReactNode };

/** The frame of the pages before the shell: one card in the middle. */
export function Entrance({ title, words, children }: Props) {
  useEffect(() => {
    document.title = `${title} · broked`;
  }, [title]);
  return (
    <main className={classes.entrance}>
      <div className={classes.corner}>
        <ColorSchemeToggle />
      </div>
      <div className={classes.card}>
        <Logo size={40} />
        <Title order={1} fz="1.25rem" mt="sm">
          {title}
        </Title>
        <div className={classes.words}>{words}</div>
        {children}
      </div>
    </main>
  );
}
