import { IconSitemap } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useMemo } from "react";
import type { Pipeline } from "../../lib/model";
import { nodeTypesQuery } from "../../lib/queries";
import { pinsQuery, type Trial } from "../../lib/trials";
import type { StepRun } from "../../ui/canvas/elements";
import { LazyCanvas } from "../../ui/canvas/lazy-canvas";
import { Panel } from "../../ui/page";
import { EmptyState } from "../../ui/states";
import trialClasses from "../../ui/trial/trial.module.css";
import { NodePanel } from "./node-panel";
import classes from "./pipeline.module.css";
import { TrialBar } from "./trial-bar";
import type { Trying } from "./use-try";

const route = getRouteApi("/shell/pipelines/$pipelineId");

type Props = { pipeline: Pipeline; trying: Trying };

/** The pipeline as a graph with what a trial has shown, and beside it the chosen node. */
export function CanvasTab({ pipeline, trying }: Props) {
  const { node: chosen } = route.useSearch();
  const navigate = route.useNavigate();
  const kinds = useQuery(nodeTypesQuery);
  const pins = useQuery(pinsQuery(pipeline.id));
  const pinned = useMemo(() => new Set(pins.data?.map(({ node_id }) => node_id)), [pins.data]);
  const trial = trying.trying ? undefined : trying.trial;
  const nodeRuns = useMemo(() => trial && runsOf(trial), [trial]);
  const node = pipeline.nodes.find((one) => one.id === chosen);
  const select = (id: string | undefined) =>
    void navigate({ replace: true, search: id ? { node: id } : {} });
  if (pipeline.nodes.length === 0) {
    return (
      <Panel>
        <EmptyState icon={IconSitemap} title="This pipeline has no nodes">
          It was saved empty. Import a document that has nodes, or start from an example.
        </EmptyState>
      </Panel>
    );
  }
  return (
    <div className={trialClasses.tab}>
      <TrialBar pipeline={pipeline} trying={trying} onShow={select} />
      <div
        className={classes.split}
        data-open={node !== undefined}
        data-tried={trying.trial !== undefined}
      >
        <Panel className={classes.canvas ?? ""}>
          <LazyCanvas
            graph={pipeline}
            kinds={kinds.data ?? []}
            {...(nodeRuns ? { nodeRuns } : {})}
            pinned={pinned}
            {...(node ? { selected: node.id } : {})}
            onSelect={select}
          />
        </Panel>
        {node && (
          <Panel className={classes.side ?? ""}>
            <NodePanel
              pipelineId={pipeline.id}
              node={node}
              kind={kinds.data?.find((kind) => kind.type === node.type)}
              trying={trying}
              onClose={() => select(undefined)}
            />
          </Panel>
        )}
      </div>
    </div>
  );
}

/** How the nodes fared in a trial, as the canvas draws it. */
function runsOf(trial: Trial): StepRun[] {
  return Object.values(trial.results).map(({ node_id, status, row_count = 0 }) => ({
    node_id,
    status,
    row_count,
  }));
}
