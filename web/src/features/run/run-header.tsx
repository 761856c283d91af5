import { Button } from "@mantine/core";
import {
  IconAlertTriangle,
  IconArrowsDiff,
  IconClockPause,
  IconPlayerStop,
  IconPlayerTrackNextFilled,
  IconRefresh,
} from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { useCancelRun, useResumeRun } from "../../lib/commands";
import { shortId } from "../../lib/format";
import type { RunDetail } from "../../lib/model";
import { triggerWord } from "../../lib/run-triggers";
import { useMay } from "../../lib/session";
import { isActive } from "../../lib/status";
import { LinkButton, TextLink } from "../../ui/links";
import { notifyFailed } from "../../ui/notify";
import { PageHeader } from "../../ui/page";
import { RelativeTime } from "../../ui/relative-time";
import { RunDuration } from "../../ui/run-duration";
import { useRunLauncher } from "../../ui/run-launcher";
import { StatusBadge } from "../../ui/status-badge";
import classes from "./run.module.css";
import { failedNode } from "./steps";
import { whyWaiting } from "./waiting";

type Props = { run: RunDetail; onShowNode: (nodeId: string) => void };

/** Which run this is, how it stands, and what can be done about it. */
export function RunHeader({ run, onShowNode }: Props) {
  const waiting = whyWaiting(run);
  return (
    <>
      <PageHeader
        lead={
          <TextLink to="/runs" inherit>
            Runs
          </TextLink>
        }
        title={
          <TextLink
            to="/pipelines/$pipelineId"
            params={{ pipelineId: run.pipeline_id }}
            title="Open the pipeline"
            inherit
            c="inherit"
          >
            {run.pipeline_name}
          </TextLink>
        }
        facts={<Facts run={run} />}
        actions={<Actions run={run} />}
      />
      {waiting && (
        <div className={classes.waiting} role="status" data-tone="wait">
          <IconClockPause size={18} aria-hidden="true" />
          <span dir="auto">{waiting}</span>
        </div>
      )}
      {run.error && <RunError run={run} message={run.error} onShowNode={onShowNode} />}
    </>
  );
}

function Facts({ run }: { run: RunDetail }) {
  const params = Object.entries(run.params ?? {});
  return (
    <>
      <StatusBadge status={run.status} />
      <span>
        <RunDuration run={run} />
      </span>
      <span>
        started <RelativeTime at={run.started_at ?? run.created_at} />
      </span>
      {run.priority !== undefined && run.priority !== 0 && <span>priority {run.priority}</span>}
      {run.pool && <span>pool {run.pool}</span>}
      {run.label && <span>label {run.label}</span>}
      <span>
        {triggerWord(run.trigger)}
        {run.started_by && (
          <>
            {" by "}
            <bdi>{run.started_by}</bdi>
          </>
        )}
      </span>
      <TextLink
        c="inherit"
        fz="inherit"
        to="/pipelines/$pipelineId"
        params={{ pipelineId: run.pipeline_id }}
        search={{ tab: "versions", to: run.pipeline_version }}
      >
        version {run.pipeline_version}
      </TextLink>
      <span title={run.id}>run {shortId(run.id)}</span>
      {run.parent_run_id && (
        <TextLink c="inherit" fz="inherit" to="/runs/$runId" params={{ runId: run.parent_run_id }}>
          started by run {shortId(run.parent_run_id)}
        </TextLink>
      )}
      {run.upstream_run_id && (
        <TextLink
          c="inherit"
          fz="inherit"
          to="/runs/$runId"
          params={{ runId: run.upstream_run_id }}
        >
          after run {shortId(run.upstream_run_id)}
        </TextLink>
      )}
      {run.resumed_from_run_id && (
        <TextLink
          c="inherit"
          fz="inherit"
          to="/runs/$runId"
          params={{ runId: run.resumed_from_run_id }}
        >
          resumed from {shortId(run.resumed_from_run_id)}
        </TextLink>
      )}
      {params.map(([name, value]) => (
        <span key={name} className={classes.param}>
          {name} = <bdi>{value}</bdi>
        </span>
      ))}
    </>
  );
}

function Actions({ run }: { run: RunDetail }) {
  return isActive(run.status) ? <CancelButton run={run} /> : <AgainButtons run={run} />;
}

function CancelButton({ run }: { run: RunDetail }) {
  const may = useMay();
  const cancel = useCancelRun();
  const stop = () =>
    cancel.mutate(run.id, { onError: (error) => notifyFailed("The run was not cancelled", error) });
  if (!may("runs.cancel")) return null;
  return (
    <Button
      variant="default"
      leftSection={<IconPlayerStop size={16} />}
      loading={cancel.isPending}
      onClick={stop}
    >
      Cancel
    </Button>
  );
}

/** Doing what a run has left undone, or everything once more. */
function AgainButtons({ run }: { run: RunDetail }) {
  const may = useMay();
  const navigate = useNavigate();
  const resume = useResumeRun();
  const { launch, dialog, starting } = useRunLauncher();
  const goOn = () =>
    resume.mutate(
      { id: run.id },
      {
        onSuccess: ({ run_id }) => void navigate({ to: "/runs/$runId", params: { runId: run_id } }),
        onError: (error) => notifyFailed("The run was not resumed", error),
      },
    );
  const resumable = run.status !== "success" && may("runs.resume");
  return (
    <>
      <LinkButton
        to="/runs"
        search={{ pipeline: run.pipeline_id, pick: run.id }}
        variant="default"
        leftSection={<IconArrowsDiff size={16} />}
      >
        Compare
      </LinkButton>
      {may("pipelines.run") && (
        <Button
          variant={resumable ? "default" : "filled"}
          leftSection={<IconRefresh size={16} />}
          loading={starting}
          onClick={() => void launch(run.pipeline_id, run.params ?? {})}
        >
          Run again
        </Button>
      )}
      {resumable && (
        <Button
          leftSection={<IconPlayerTrackNextFilled size={16} />}
          loading={resume.isPending}
          onClick={goOn}
          title="Start a run that does only what this one has left undone"
        >
          Resume
        </Button>
      )}
      {dialog}
    </>
  );
}

function RunError({ run, message, onShowNode }: Props & { message: string }) {
  const culprit = failedNode(run);
  const name = run.document.nodes.find((node) => node.id === culprit?.node_id)?.name;
  return (
    <div className={classes.error} role="alert" data-tone="bad">
      <IconAlertTriangle size={18} aria-hidden="true" />
      <span className={classes.errorWords} dir="auto">
        {message}
      </span>
      {culprit && (
        <Button size="compact-sm" variant="default" onClick={() => onShowNode(culprit.node_id)}>
          Show {name || culprit.node_id}
        </Button>
      )}
    </div>
  );
}
