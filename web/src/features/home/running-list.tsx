import { IconZzz } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { Run } from "../../lib/model";
import { runsQuery } from "../../lib/queries";
import { TextLink } from "../../ui/links";
import { Panel } from "../../ui/page";
import { RunDuration } from "../../ui/run-duration";
import { ErrorState, LoadingRows } from "../../ui/states";
import { StatusIcon } from "../../ui/status-icon";
import classes from "./home.module.css";

/** The runs under way, each with how long it has taken. */
export function RunningList() {
  const running = useQuery(runsQuery({ status: "running", limit: 20 }));
  return (
    <Panel title="Running now">
      {running.isPending && <LoadingRows rows={3} height={24} />}
      {running.isError && (
        <ErrorState error={running.error} onRetry={() => void running.refetch()} />
      )}
      {running.isSuccess && <Running runs={running.data.items ?? []} />}
    </Panel>
  );
}

function Running({ runs }: { runs: Run[] }) {
  if (runs.length === 0) {
    return (
      <p className={classes.quiet}>
        <IconZzz size={18} aria-hidden="true" />
        Nothing is running.
      </p>
    );
  }
  return (
    <ul className={classes.list}>
      {runs.map((run) => (
        <li key={run.id} className={classes.item}>
          <StatusIcon status={run.status} />
          <div className={classes.itemWords}>
            <TextLink to="/runs/$runId" params={{ runId: run.id }} className={classes.itemName}>
              {run.pipeline_name}
            </TextLink>
          </div>
          <span className={classes.when}>
            <RunDuration run={run} />
          </span>
        </li>
      ))}
    </ul>
  );
}
