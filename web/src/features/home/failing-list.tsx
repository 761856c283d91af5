import { IconCircleCheck } from "@tabler/icons-react";
import type { PipelineHealth } from "../../lib/model";
import { LinkButton, TextLink } from "../../ui/links";
import { Panel } from "../../ui/page";
import { RelativeTime } from "../../ui/relative-time";
import { LoadingRows } from "../../ui/states";
import { StatusIcon } from "../../ui/status-icon";
import { failingPipelines } from "./health";
import classes from "./home.module.css";

const shown = 8;

/** The pipelines whose last run failed, each with why in one line; the name opens that run. */
export function FailingList({ pipelines }: { pipelines: PipelineHealth[] | undefined }) {
  const failing = pipelines && failingPipelines(pipelines);
  return (
    <Panel
      title="Failing now"
      aside={
        <LinkButton to="/runs" search={{ status: "failed" }} variant="subtle" size="compact-sm">
          Failed runs
        </LinkButton>
      }
    >
      {!failing && <LoadingRows rows={3} height={24} />}
      {failing?.length === 0 && (
        <p className={classes.quiet}>
          <IconCircleCheck size={18} aria-hidden="true" />
          The last run of no pipeline failed.
        </p>
      )}
      {failing && failing.length > 0 && (
        <ul className={classes.list}>
          {failing.slice(0, shown).map((pipeline) => (
            <FailingItem key={pipeline.id} pipeline={pipeline} />
          ))}
        </ul>
      )}
    </Panel>
  );
}

function FailingItem({ pipeline }: { pipeline: PipelineHealth }) {
  const { id, name, last_run_at, last_run_error, recent } = pipeline;
  const run = recent?.[0]?.id;
  return (
    <li className={classes.item}>
      <StatusIcon status="failed" />
      <div className={classes.itemWords}>
        <TextLink
          {...(run
            ? { to: "/runs/$runId", params: { runId: run } }
            : { to: "/pipelines/$pipelineId", params: { pipelineId: id } })}
          className={classes.itemName ?? ""}
        >
          <bdi>{name}</bdi>
        </TextLink>
        <span className={classes.reason} title={last_run_error} dir="auto">
          {last_run_error}
        </span>
      </div>
      <span className={classes.when}>
        <RelativeTime at={last_run_at} />
      </span>
    </li>
  );
}
