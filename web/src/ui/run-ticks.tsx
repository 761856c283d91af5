import { Link } from "@tanstack/react-router";
import { formatExact } from "../lib/format";
import type { RecentRun } from "../lib/model";
import { labelOf, toneOf } from "../lib/status";
import classes from "./status.module.css";

const places = 20;

/** The last runs of a pipeline as coloured ticks, the newest at the right; each opens its run. */
export function RunTicks({ runs }: { runs: RecentRun[] }) {
  const shown = runs.slice(0, places).toReversed();
  const blanks = Array.from({ length: places - shown.length }, (_, place) => `blank-${place}`);
  return (
    <fieldset className={classes.ticks} aria-label={summary(shown)} style={bare}>
      {blanks.map((key) => (
        <span key={key} className={`${classes.tick} ${classes.noTick}`} />
      ))}
      {shown.map((run) => (
        <Link
          key={run.id}
          to="/runs/$runId"
          params={{ runId: run.id }}
          className={classes.tick ?? ""}
          data-tone={toneOf(run.status)}
          tabIndex={-1}
          title={tickLabel(run)}
          aria-label={tickLabel(run)}
        />
      ))}
    </fieldset>
  );
}

const bare = { border: 0, padding: 0, margin: 0, minWidth: 0 };

function tickLabel(run: RecentRun): string {
  return run.started_at
    ? `${labelOf(run.status)}, ${formatExact(run.started_at)}`
    : labelOf(run.status);
}

function summary(runs: RecentRun[]): string {
  if (runs.length === 0) return "No runs yet";
  const good = runs.filter((run) => run.status === "success").length;
  return `Last ${runs.length} runs, ${good} of them successful`;
}
