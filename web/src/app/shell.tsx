import { useQuery } from "@tanstack/react-query";
import { Outlet } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { meQuery } from "../lib/queries";
import { useLiveUpdates } from "./live-updates";
import { Navigation } from "./navigation";
import { OpenBanner } from "./open-banner";
import classes from "./shell.module.css";
import { TopBar } from "./top-bar";

const CommandPalette = lazy(() =>
  import("./command-palette").then((module) => ({ default: module.CommandPalette })),
);

/** The frame around every page of someone who may use the server. */
export function Shell() {
  useLiveUpdates();
  const { data: me } = useQuery(meQuery);
  const [menuOpen, setMenuOpen] = useState(false);
  return (
    <div className={classes.shell}>
      <a className={classes.skip} href="#content">
        Skip to the content
      </a>
      <Navigation open={menuOpen} onLeave={() => setMenuOpen(false)} />
      <TopBar me={me} onMenu={() => setMenuOpen(!menuOpen)} menuOpen={menuOpen} />
      <main className={classes.main} id="content" tabIndex={-1}>
        {me?.open && <OpenBanner />}
        <div className={classes.content}>
          <Outlet />
        </div>
      </main>
      <Suspense fallback={null}>
        <CommandPalette />
      </Suspense>
    </div>
  );
}
