import { IconTableOff } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { elapsedMs, formatDuration, formatExact, formatRows } from "../../lib/format";
import { type Grid, type GridRun, gridQuery } from "../../lib/history";
import type { PipelineHealth } from "../../lib/model";
import { pipelineHealthQuery } from "../../lib/queries";
import { labelOf, type Status, toneOf } from "../../lib/status";
import { TextLink } from "../../ui/links";
import { Panel } from "../../ui/page";
import { EmptyState, ErrorState, LoadingRows } from "../../ui/states";
import classes from "./grid.module.css";

const route = getRouteApi("/shell/runs");

/** Pipelines by runs; of one pipeline, its nodes by runs. The newest run is at the right. */
export function GridView() {
  const { pipeline } = route.useSearch();
  return pipeline ? <NodeGrid pipeline={pipeline} /> : <PipelineGrid />;
}

function PipelineGrid() {
  const pipelines = useQuery(pipelineHealthQuery);
  return (
    <Panel title="The last 20 runs of every pipeline">
      {pipelines.isPending && <LoadingRows rows={6} height={24} />}
      {pipelines.isError && (
        <ErrorState error={pipelines.error} onRetry={() => void pipelines.refetch()} />
      )}
      {pipelines.isSuccess && <PipelineRows pipelines={pipelines.data} />}
    </Panel>
  );
}

const places = 20;

/** Keys of the places that are empty because there were fewer runs. */
function blanksBefore(runs: number): string[] {
  return Array.from({ length: Math.max(0, places - runs) }, (_, n) => `blank-${n}`);
}

function PipelineRows({ pipelines }: { pipelines: PipelineHealth[] }) {
  const ran = pipelines.filter(({ recent }) => recent && recent.length > 0);
  if (ran.length === 0) return <NothingRan />;
  return (
    <div className={classes.scroller} ref={toNewest}>
      <table className={classes.grid} style={{ "--runs": places }}>
        <tbody>
          {ran.map(({ id, name, recent }) => {
            const runs = (recent ?? []).slice(0, places).toReversed();
            const blanks = blanksBefore(runs.length);
            return (
              <tr key={id}>
                <th scope="row" className={classes.name}>
                  <TextLink
                    to="/runs"
                    search={{ as: "grid", pipeline: id }}
                    c="inherit"
                    fw={550}
                    title={`The nodes of ${name}`}
                  >
                    <bdi>{name}</bdi>
                  </TextLink>
                </th>
                {blanks.map((key) => (
                  <td key={key}>
                    <span className={classes.blank} />
                  </td>
                ))}
                {runs.map((run) => (
                  <td key={run.id}>
                    <Cell
                      runId={run.id}
                      status={run.status}
                      words={`${labelOf(run.status)}, ${formatExact(run.started_at ?? "")}`}
                    />
                  </td>
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function NodeGrid({ pipeline }: { pipeline: string }) {
  const grid = useQuery({ ...gridQuery(pipeline), placeholderData: keepPreviousData });
  return (
    <Panel title="The nodes in the newest runs">
      {grid.isPending && <LoadingRows rows={6} height={24} />}
      {grid.isError && <ErrorState error={grid.error} onRetry={() => void grid.refetch()} />}
      {grid.isSuccess && <NodeRows grid={grid.data} />}
    </Panel>
  );
}

function NodeRows({ grid }: { grid: Grid }) {
  const runs = grid.runs.toReversed();
  if (runs.length === 0) return <NothingRan />;
  const times = runs.map((run) => elapsedMs(run, Date.now()) ?? 0);
  const longest = Math.max(1, ...times);
  const blanks = blanksBefore(runs.length);
  return (
    <div className={classes.scroller} ref={toNewest}>
      <table className={classes.grid} style={{ "--runs": Math.max(places, runs.length) }}>
        <thead>
          <tr>
            <th scope="row" className={classes.name}>
              How long
            </th>
            {blanks.map((key) => (
              <td key={key} />
            ))}
            {runs.map((run, place) => (
              <td key={run.id} className={classes.barCell}>
                <RunBar run={run} ms={times[place] ?? 0} longest={longest} />
              </td>
            ))}
          </tr>
        </thead>
        <tbody>
          {grid.nodes.map((node) => (
            <tr key={node.id}>
              <th scope="row" className={classes.name} data-gone={node.type === undefined}>
                <bdi title={node.type ? node.name : "The pipeline has this node no more"}>
                  {node.name || node.id}
                </bdi>
              </th>
              {blanks.map((key) => (
                <td key={key}>
                  <span className={classes.blank} />
                </td>
              ))}
              {runs.map((run) => (
                <td key={run.id}>
                  <NodeCell run={run} node={node} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function RunBar({ run, ms, longest }: { run: GridRun; ms: number; longest: number }) {
  const words = `${labelOf(run.status)}, ${formatDuration(ms)}, ${formatExact(run.created_at)}, version ${run.pipeline_version}`;
  return (
    <Link
      to="/runs/$runId"
      params={{ runId: run.id }}
      className={classes.bar ?? ""}
      data-tone={toneOf(run.status)}
      title={words}
      aria-label={words}
    >
      <span style={{ height: `${Math.max(6, (100 * ms) / longest)}%` }} />
    </Link>
  );
}

function NodeCell({ run, node }: { run: GridRun; node: { id: string; name: string } }) {
  const cell = run.nodes[node.id];
  if (!cell) return null;
  const parts = [node.name || node.id, cell.restored ? "Restored" : labelOf(cell.status)];
  if (cell.status === "success") {
    parts.push(formatRows(cell.row_count), formatDuration(cell.duration_ms));
  }
  return <Cell runId={run.id} nodeId={node.id} status={cell.status} words={parts.join(", ")} />;
}

type CellProps = { runId: string; nodeId?: string; status: Status; words: string };

/** A run or a node of it as a square in its colour; a failure has a cross as well. */
function Cell({ runId, nodeId, status, words }: CellProps) {
  return (
    <Link
      to="/runs/$runId"
      params={{ runId }}
      {...(nodeId ? { search: { node: nodeId } } : {})}
      className={classes.cell ?? ""}
      data-tone={toneOf(status)}
      data-status={status}
      title={words}
      aria-label={words}
    />
  );
}

/** The newest runs are at the right. */
function toNewest(box: HTMLElement | null): void {
  box?.scrollTo({ left: box.scrollWidth });
}

function NothingRan() {
  return (
    <EmptyState icon={IconTableOff} title="No runs yet">
      Every run becomes a column here, and every node a line.
    </EmptyState>
  );
}
