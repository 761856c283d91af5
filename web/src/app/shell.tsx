import { useQuery } from "@tanstack/react-query";
import { Outlet } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { stepsOf, useFirstSteps } from "../lib/first-steps";
import { meQuery } from "../lib/queries";
import { useLiveUpdates } from "./live-updates";
import { Navigation } from "./navigation";
import classes from "./shell.module.css";
import { TopBar } from "./top-bar";

const CommandPalette = lazy(() =>
  import("./command-palette").then((module) => ({ default: module.CommandPalette })),
);

const OpenBanner = lazy(() =>
  import("./open-banner").then((module) => ({ default: module.OpenBanner })),
);
const TourBar = lazy(() =>
  import("../features/tour/tour").then((module) => ({ default: module.TourBar })),
);

/** The frame around every page of someone who may use the server. */
export function Shell() {
  useLiveUpdates();
  const { data: me } = useQuery(meQuery);
  const user = stepsOf(me);
  const first = useFirstSteps(user);
  const [menuOpen, setMenuOpen] = useState(false);
  return (
    <div className={classes.shell}>
      <a className={classes.skip} href="#content">
        Skip to the content
      </a>
      <Navigation open={menuOpen} onLeave={() => setMenuOpen(false)} />
      <TopBar me={me} onMenu={() => setMenuOpen(!menuOpen)} menuOpen={menuOpen} />
      <main className={classes.main} id="content" tabIndex={-1}>
        {me?.open && (
          <Suspense fallback={null}>
            <OpenBanner />
          </Suspense>
        )}
        {user && first.tour && (
          <Suspense fallback={null}>
            <TourBar user={user} first={first} tour={first.tour} />
          </Suspense>
        )}
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
