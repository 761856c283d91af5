import { Button } from "@mantine/core";
import { IconPlayerTrackNextFilled } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useResumeRun } from "../../lib/commands";
import { formatDuration, formatExactCount, formatRows } from "../../lib/format";
import type { NodeRun, NodeType, Problem, RunDetail } from "../../lib/model";
import { attemptWords } from "../../lib/run-events";
import { useMay } from "../../lib/session";
import { isActive } from "../../lib/status";
import { notifyFailed } from "../../ui/notify";
import { RelativeTime } from "../../ui/relative-time";
import { SettingsView } from "../../ui/settings-view";
import { StatusBadge } from "../../ui/status-badge";
import type { Step } from "./lower-panel";
import classes from "./run.module.css";

type Props = { run: RunDetail; step: Step; kind: NodeType | undefined };

/** How one node went, why it failed, and the settings it ran with. */
export function NodePanel({ run, step, kind }: Props) {
  const { node, nodeRun } = step;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
    <section className={classes.nodePanel} tabIndex={0} aria-label="Details">
      <div>
        {nodeRun.error && (
          <div className={classes.nodeError} role="alert" data-tone="bad" dir="auto">
            {nodeRun.error}
            <Places problems={nodeRun.failure?.problems ?? []} />
          </div>
        )}
        <dl className={classes.facts}>
          {factsOf(nodeRun).map(([label, value]) => (
            <div key={label}>
              <dt>{label}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
        {nodeRun.pushed && <Pushed statement={nodeRun.pushed} />}
        <ResumeHere run={run} step={step} />
      </div>
      <section aria-label="Settings">
        <h3 className={classes.heading}>Settings, {kind?.title ?? node.type}</h3>
        <SettingsView schema={kind?.schema ?? {}} settings={node.config} />
      </section>
    </section>
  );
}

/** Does this node again, with all that follow it; what went before is restored. */
function ResumeHere({ run, step }: { run: RunDetail; step: Step }) {
  const may = useMay();
  const navigate = useNavigate();
  const resume = useResumeRun();
  const resumable = !isActive(run.status) && run.status !== "success";
  if (!resumable || !may("runs.resume")) return null;
  const goOn = () =>
    resume.mutate(
      { id: run.id, from: step.node.id },
      {
        onSuccess: ({ run_id }) => void navigate({ to: "/runs/$runId", params: { runId: run_id } }),
        onError: (error) => notifyFailed("The run was not resumed", error),
      },
    );
  return (
    <Button
      mt="md"
      size="xs"
      variant="default"
      leftSection={<IconPlayerTrackNextFilled size={14} />}
      loading={resume.isPending}
      onClick={goOn}
    >
      Resume from here
    </Button>
  );
}

/** What a database has done in place of this node and its neighbours. */
function Pushed({ statement }: { statement: string }) {
  return (
    <section aria-label="Ran in the database">
      <h3 className={classes.heading}>Ran in the database</h3>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard */}
      <pre className={classes.statement} tabIndex={0}>
        {statement}
      </pre>
    </section>
  );
}

/** Where in the settings the failure comes from. */
function Places({ problems }: { problems: Problem[] }) {
  if (problems.length === 0) return null;
  return (
    <ul className={classes.places}>
      {problems.map(({ path, message }) => (
        <li key={`${path} ${message}`}>
          <code>{path}</code> {message}
        </li>
      ))}
    </ul>
  );
}

function factsOf(nodeRun: NodeRun): [string, ReactNode][] {
  const facts: [string, ReactNode][] = [
    ["Status", <StatusBadge key="status" status={nodeRun.status} />],
  ];
  if (nodeRun.restored) {
    facts.push(
      ["Rows", formatExactCount(nodeRun.row_count)],
      ["Restored", "from the run that was resumed"],
    );
  } else if (nodeRun.started_at) {
    const { row_count, duration_ms, rows_per_sec, queue_ms, started_at, attempt } = nodeRun;
    facts.push(
      ["Rows", formatExactCount(row_count)],
      ["Took", formatDuration(duration_ms)],
      ["Speed", rows_per_sec > 0 ? `${formatRows(Math.round(rows_per_sec))} a second` : "–"],
      ["Waited before", formatDuration(queue_ms)],
      ["Started", <RelativeTime key="started" at={started_at} />],
    );
    if (attempt > 0) facts.push(["Tries", attemptWords(attempt, nodeRun.attempts)]);
  }
  return facts;
}
