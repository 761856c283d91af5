import { Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useMemo } from "react";
import type { NodeRun, PipelineNode, RunDetail } from "../../lib/model";
import { nodeTypesQuery, runQuery } from "../../lib/queries";
import { isActive } from "../../lib/status";
import { LazyCanvas } from "../../ui/canvas/lazy-canvas";
import { Page, Panel } from "../../ui/page";
import { ErrorState } from "../../ui/states";
import { LowerPanel } from "./lower-panel";
import classes from "./run.module.css";
import { RunHeader } from "./run-header";
import { completeNodeRuns } from "./steps";
import { useRunStream } from "./use-run-stream";

const route = getRouteApi("/shell/runs/$runId");

/** How often a run is asked for while its live stream is broken. */
const pollMs = 3_000;

/** One run: what each node does or did, the log, and the rows that came out. */
export function RunPage() {
  const { runId } = route.useParams();
  const cached = useQuery({ ...runQuery(runId), enabled: false });
  const active = cached.data !== undefined && isActive(cached.data.status);
  const stream = useRunStream(runId, active);
  const run = useQuery({
    ...runQuery(runId),
    refetchInterval: active && stream === "lost" ? pollMs : false,
  });
  if (run.isError && !run.data) {
    return (
      <Page title="Run" fill>
        <Panel>
          <ErrorState error={run.error} onRetry={() => void run.refetch()} />
        </Panel>
      </Page>
    );
  }
  return (
    <Page title={run.data ? `Run of ${run.data.pipeline_name}` : "Run"} fill>
      {run.data ? <RunView run={run.data} /> : <Loading />}
    </Page>
  );
}

function RunView({ run }: { run: RunDetail }) {
  const { node: chosen } = route.useSearch();
  const navigate = route.useNavigate();
  const kinds = useQuery(nodeTypesQuery);
  const nodeRuns = useMemo(() => completeNodeRuns(run), [run]);
  const node = run.document.nodes.find((one) => one.id === chosen);
  const select = (id: string | undefined) =>
    void navigate({
      replace: true,
      search: ({ node: _, ...old }) => (id ? { ...old, node: id } : old),
    });
  return (
    <>
      <RunHeader run={run} onShowNode={select} />
      <Panel className={classes.canvas ?? ""}>
        <LazyCanvas
          graph={run.document}
          kinds={kinds.data ?? []}
          nodeRuns={nodeRuns}
          {...(node ? { selected: node.id } : {})}
          onSelect={select}
        />
      </Panel>
      <LowerPanel
        run={run}
        nodeRuns={nodeRuns}
        step={stepOf(node, nodeRuns)}
        kinds={kinds.data ?? []}
        onSelect={select}
      />
    </>
  );
}

/** A node of the run together with how it went. */
function stepOf(node: PipelineNode | undefined, nodeRuns: NodeRun[]) {
  const nodeRun = nodeRuns.find((one) => one.node_id === node?.id);
  return node && nodeRun ? { node, nodeRun } : undefined;
}

function Loading() {
  return (
    <div className={classes.loading} role="status" aria-label="Loading">
      <Skeleton height={28} width={320} />
      <Skeleton height={16} width={460} />
      <Skeleton height={300} radius={10} mt="xs" />
      <Skeleton className={classes.grow ?? ""} radius={10} />
    </div>
  );
}
