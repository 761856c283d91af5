import { useComputedColorScheme } from "@mantine/core";
import { Background, BackgroundVariant, Controls, type NodeChange, ReactFlow } from "@xyflow/react";
import "@xyflow/react/dist/style.css";
import { useMemo } from "react";
import classes from "./canvas.module.css";
import { type Drawing, drawElements, type StepNode } from "./elements";
import { StepCard } from "./step-card";

const nodeTypes = { step: StepCard };

/** From this many nodes on, those out of sight are not drawn. */
const manyNodes = 120;

export type GraphCanvasProps = Drawing & { onSelect: (nodeId: string | undefined) => void };

/** A pipeline drawn as a graph to look at, pan and pick nodes from. */
export function GraphCanvas({ graph, kinds, nodeRuns, selected, onSelect }: GraphCanvasProps) {
  const scheme = useComputedColorScheme("light");
  const { nodes, edges } = useMemo(
    () =>
      drawElements({
        graph,
        kinds,
        ...(nodeRuns ? { nodeRuns } : {}),
        ...(selected ? { selected } : {}),
      }),
    [graph, kinds, nodeRuns, selected],
  );
  const pick = (changes: NodeChange<StepNode>[]) => {
    const chosen = changes.find((change) => change.type === "select" && change.selected);
    if (chosen && "id" in chosen) onSelect(chosen.id);
  };
  return (
    <div className={classes.canvas}>
      <ReactFlow
        nodes={nodes}
        edges={edges}
        nodeTypes={nodeTypes}
        onNodesChange={pick}
        onPaneClick={() => onSelect(undefined)}
        colorMode={scheme}
        nodesDraggable={false}
        nodesConnectable={false}
        deleteKeyCode={null}
        multiSelectionKeyCode={null}
        selectionKeyCode={null}
        minZoom={0.1}
        maxZoom={2}
        fitView
        fitViewOptions={{ maxZoom: 1, padding: 0.12 }}
        onlyRenderVisibleElements={nodes.length > manyNodes}
        proOptions={{ hideAttribution: true }}
      >
        <Background variant={BackgroundVariant.Dots} gap={20} size={1.2} />
        <Controls showInteractive={false} position="bottom-left" />
      </ReactFlow>
    </div>
  );
}
