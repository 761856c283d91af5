import { IconClockOff } from "@tabler/icons-react";
import type { PipelineHealth } from "../../lib/model";
import { TextLink } from "../../ui/links";
import { Panel } from "../../ui/page";
import { RelativeTime } from "../../ui/relative-time";
import { LoadingRows } from "../../ui/states";
import { StatusIcon } from "../../ui/status-icon";
import { nextScheduled } from "./health";
import classes from "./home.module.css";

const shown = 6;

/** The pipelines that start next by themselves, and how their last run went. */
export function NextRuns({ pipelines }: { pipelines: PipelineHealth[] | undefined }) {
  const next = pipelines && nextScheduled(pipelines).slice(0, shown);
  return (
    <Panel title="Next scheduled runs">
      {!next && <LoadingRows rows={3} height={24} />}
      {next?.length === 0 && (
        <p className={classes.quiet}>
          <IconClockOff size={18} aria-hidden="true" />
          No pipeline has a schedule that is on.
        </p>
      )}
      {next && next.length > 0 && (
        <ul className={classes.list}>
          {next.map(({ id, name, next_run_at, last_run_status }) => (
            <li key={id} className={classes.item}>
              <StatusIcon status={last_run_status ?? "pending"} />
              <div className={classes.itemWords}>
                <TextLink
                  to="/pipelines/$pipelineId"
                  params={{ pipelineId: id }}
                  className={classes.itemName ?? ""}
                >
                  <bdi>{name}</bdi>
                </TextLink>
              </div>
              <span className={classes.when}>
                <RelativeTime at={next_run_at} />
              </span>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
