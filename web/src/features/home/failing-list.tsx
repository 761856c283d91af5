import { IconCircleCheck } from "@tabler/icons-react";
import type { PipelineHealth } from "../../lib/model";
import { TextLink } from "../../ui/links";
import { Panel } from "../../ui/page";
import { RelativeTime } from "../../ui/relative-time";
import { LoadingRows } from "../../ui/states";
import { StatusIcon } from "../../ui/status-icon";
import { failingPipelines } from "./health";
import classes from "./home.module.css";

/** Every pipeline whose last run failed, and why in one line. */
export function FailingList({ pipelines }: { pipelines: PipelineHealth[] | undefined }) {
  return (
    <Panel title="Failing, and why">
      {pipelines ? (
        <Failing pipelines={failingPipelines(pipelines)} />
      ) : (
        <LoadingRows rows={3} height={24} />
      )}
    </Panel>
  );
}

function Failing({ pipelines }: { pipelines: PipelineHealth[] }) {
  if (pipelines.length === 0) {
    return (
      <p className={classes.quiet}>
        <IconCircleCheck size={18} aria-hidden="true" />
        Nothing is failing.
      </p>
    );
  }
  return (
    <ul className={classes.list}>
      {pipelines.map((pipeline) => (
        <FailingItem key={pipeline.id} pipeline={pipeline} />
      ))}
    </ul>
  );
}

function FailingItem({ pipeline }: { pipeline: PipelineHealth }) {
  const failed = pipeline.recent?.find((run) => run.status === "failed");
  return (
    <li className={classes.item}>
      <StatusIcon status="failed" />
      <div className={classes.itemWords}>
        {failed ? (
          <TextLink to="/runs/$runId" params={{ runId: failed.id }} className={classes.itemName}>
            {pipeline.name}
          </TextLink>
        ) : (
          <TextLink
            to="/pipelines/$pipelineId"
            params={{ pipelineId: pipeline.id }}
            className={classes.itemName}
          >
            {pipeline.name}
          </TextLink>
        )}
        <span className={classes.reason} title={pipeline.last_run_error} dir="auto">
          {pipeline.last_run_error || "No reason was recorded."}
        </span>
      </div>
      <span className={classes.when}>
        <RelativeTime at={pipeline.last_run_at} />
      </span>
    </li>
  );
}
