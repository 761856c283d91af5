import { UnstyledButton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Fragment, useMemo } from "react";
import { useNow } from "../../lib/clock";
import { formatDuration } from "../../lib/format";
import { milestonesQuery } from "../../lib/history";
import type { NodeRun, Run, RunDetail } from "../../lib/model";
import { runsQuery } from "../../lib/queries";
import { isActive, labelOf, toneOf } from "../../lib/status";
import { ErrorState, LoadingRows } from "../../ui/states";
import { StatusIcon } from "../../ui/status-icon";
import { startsRuns } from "./children-panel";
import { type Bar, childBars, type Gantt, layOut, place, ticks } from "./gantt";
import classes from "./gantt.module.css";

/** How many of the runs that a run has started are drawn. */
const childrenShown = 100;

type Props = {
  run: RunDetail;
  nodeRuns: NodeRun[];
  selected: string | undefined;
  onSelect: (nodeId: string | undefined) => void;
};

/** When everything in a run waited and worked, on one line of time. */
export function GanttPanel(props: Props) {
  const { run } = props;
  const now = useNow(isActive(run.status) ? 1_000 : 0);
  const milestones = useQuery(milestonesQuery(run.id));
  const children = useQuery({
    ...runsQuery({ parent: run.id, limit: childrenShown }),
    enabled: startsRuns(run),
  });
  const gantt = useMemo(
    () => milestones.data && layOut(run, milestones.data, now),
    [run, milestones.data, now],
  );
  if (milestones.isError) {
    return <ErrorState error={milestones.error} onRetry={() => void milestones.refetch()} />;
  }
  if (!gantt) return <LoadingRows rows={6} height={16} />;
  return <Chart {...props} gantt={gantt} now={now} begun={children.data?.items ?? []} />;
}

type ChartProps = Props & { gantt: Gantt; now: number; begun: Run[] };

function Chart({ run, nodeRuns, selected, onSelect, gantt, now, begun }: ChartProps) {
  const names = new Map(run.document.nodes.map((node) => [node.id, node.name || node.id]));
  const statuses = new Map(nodeRuns.map((one) => [one.node_id, one.status]));
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
    <section className={classes.scroller} tabIndex={0} aria-label="Timeline">
      <div className={classes.chart}>
        <Axis gantt={gantt} />
        {gantt.run.length > 0 && (
          <div className={classes.row}>
            <span className={classes.label}>The run itself</span>
            <Track bars={gantt.run} gantt={gantt} />
          </div>
        )}
        {gantt.nodes.map(({ id, bars }) => {
          const status = statuses.get(id) ?? "pending";
          const words = `${names.get(id)}, ${labelOf(status)}${bars.map((bar) => `, ${barWords(bar)}`).join("")}`;
          return (
            <Fragment key={id}>
              <UnstyledButton
                className={classes.row ?? ""}
                aria-pressed={id === selected}
                aria-label={words}
                onClick={() => onSelect(id === selected ? undefined : id)}
              >
                <span className={classes.label}>
                  <StatusIcon status={status} size={15} />
                  <bdi>{names.get(id)}</bdi>
                </span>
                <Track bars={bars} gantt={gantt} />
              </UnstyledButton>
              {begun
                .filter((child) => child.parent_node_id === id)
                .toReversed()
                .map((child) => (
                  <Child key={child.id} child={child} gantt={gantt} now={now} />
                ))}
            </Fragment>
          );
        })}
        <Legend />
      </div>
    </section>
  );
}

function Child({ child, gantt, now }: { child: Run; gantt: Gantt; now: number }) {
  const bars = childBars(child, now);
  return (
    <Link
      to="/runs/$runId"
      params={{ runId: child.id }}
      search={{ panel: "gantt" }}
      className={`${classes.row} ${classes.child}`}
      aria-label={`Run of ${child.pipeline_name}, ${labelOf(child.status)}`}
    >
      <span className={classes.label}>
        <StatusIcon status={child.status} size={14} />
        <bdi>{child.pipeline_name}</bdi>
        {child.parent_row !== undefined && <span>row {child.parent_row + 1}</span>}
      </span>
      <Track bars={bars} gantt={gantt} />
    </Link>
  );
}

function Axis({ gantt }: { gantt: Gantt }) {
  const whole = gantt.to - gantt.from;
  return (
    <div className={`${classes.row} ${classes.axis}`} aria-hidden="true">
      <span className={classes.label} />
      <span className={classes.track}>
        {ticks(whole).map((ms) => (
          <span key={ms} className={classes.tick} style={{ left: `${(100 * ms) / whole}%` }}>
            {ms === 0 ? "0" : formatDuration(ms)}
          </span>
        ))}
      </span>
    </div>
  );
}

function Track({ bars, gantt }: { bars: Bar[]; gantt: Gantt }) {
  return (
    <span className={classes.track}>
      {bars.map((bar) => (
        <span
          key={`${bar.kind} ${bar.from}`}
          className={classes.bar}
          data-kind={bar.kind}
          data-tone={bar.status ? toneOf(bar.status) : "idle"}
          style={place(bar, gantt)}
          title={barWords(bar)}
        />
      ))}
    </span>
  );
}

const kindWords = { queued: "in the queue for", waiting: "waiting for" };

/** What a bar says: "in the queue for 20 ms", "attempt 2, Failed after 3.4 s". */
function barWords({ kind, from, to, status, attempt }: Bar): string {
  if (kind !== "attempt") return `${kindWords[kind]} ${formatDuration(to - from)}`;
  const how = status ? labelOf(status) : "";
  return `${attempt ? `attempt ${attempt}, ` : ""}${how} after ${formatDuration(to - from)}`;
}

function Legend() {
  return (
    <p className={classes.legend} aria-hidden="true">
      <span className={classes.sample} data-kind="queued" data-tone="idle" /> in the queue
      <span className={classes.sample} data-kind="waiting" data-tone="idle" /> waiting
      <span className={classes.sample} data-kind="attempt" data-tone="good" /> at work; one bar for
      each attempt
    </p>
  );
}
