import { IconSitemap } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { Pipeline } from "../../lib/model";
import { nodeTypesQuery } from "../../lib/queries";
import { LazyCanvas } from "../../ui/canvas/lazy-canvas";
import { Panel } from "../../ui/page";
import { EmptyState } from "../../ui/states";
import { NodePanel } from "./node-panel";
import classes from "./pipeline.module.css";

const route = getRouteApi("/shell/pipelines/$pipelineId");

/** The pipeline as a graph, and beside it the chosen node. */
export function CanvasTab({ pipeline }: { pipeline: Pipeline }) {
  const { node: chosen } = route.useSearch();
  const navigate = route.useNavigate();
  const kinds = useQuery(nodeTypesQuery);
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
    <div className={classes.split} data-open={node !== undefined}>
      <Panel className={classes.canvas ?? ""}>
        <LazyCanvas
          graph={pipeline}
          kinds={kinds.data ?? []}
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
            onClose={() => select(undefined)}
          />
        </Panel>
      )}
    </div>
  );
}
