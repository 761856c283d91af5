import { Button } from "@mantine/core";
import { IconAlertTriangle, IconPlayerStop, IconRefresh } from "@tabler/icons-react";
import { useCancelRun } from "../../lib/commands";
import { shortId } from "../../lib/format";
import type { RunDetail } from "../../lib/model";
import { useMay } from "../../lib/session";
import { isActive } from "../../lib/status";
import { TextLink } from "../../ui/links";
import { notifyFailed } from "../../ui/notify";
import { PageHeader } from "../../ui/page";
import { RelativeTime } from "../../ui/relative-time";
import { RunDuration } from "../../ui/run-duration";
import { useRunLauncher } from "../../ui/run-launcher";
import { StatusBadge } from "../../ui/status-badge";
import classes from "./run.module.css";
import { failedNode } from "./steps";

type Props = { run: RunDetail; onShowNode: (nodeId: string) => void };

/** Which run this is, how it stands, and what can be done about it. */
export function RunHeader({ run, onShowNode }: Props) {
  return (
    <>
      <PageHeader
        lead={
          <TextLink
            to="/pipelines/$pipelineId"
            params={{ pipelineId: run.pipeline_id }}
            className={classes.back ?? ""}
          >
            Open the pipeline
          </TextLink>
        }
        title={run.pipeline_name}
        facts={<Facts run={run} />}
        actions={<Actions run={run} />}
      />
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
      <span>
        {run.trigger}
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
      {params.map(([name, value]) => (
        <span key={name} className={classes.param}>
          {name} = <bdi>{value}</bdi>
        </span>
      ))}
    </>
  );
}

function Actions({ run }: { run: RunDetail }) {
  const may = useMay();
  const cancel = useCancelRun();
  const { launch, dialog, starting } = useRunLauncher();
  const stop = () =>
    cancel.mutate(run.id, { onError: (error) => notifyFailed("The run was not cancelled", error) });
  return (
    <>
      {isActive(run.status)
        ? may("runs.cancel") && (
            <Button
              variant="default"
              leftSection={<IconPlayerStop size={16} />}
              loading={cancel.isPending}
              onClick={stop}
            >
              Cancel
            </Button>
          )
        : may("pipelines.run") && (
            <Button
              leftSection={<IconRefresh size={16} />}
              loading={starting}
              onClick={() => void launch(run.pipeline_id, run.params ?? {})}
            >
              Run again
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
