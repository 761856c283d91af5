import { useComputedColorScheme } from "@mantine/core";
import {
  Background,
  BackgroundVariant,
  Controls,
  type NodeChange,
  ReactFlow,
  useReactFlow,
  useStore,
} from "@xyflow/react";
import "@xyflow/react/dist/style.css";
import { useEffect, useMemo, useRef } from "react";
import classes from "./canvas.module.css";
import { type Drawing, drawElements, type StepNode } from "./elements";
import { nodeSize } from "./layout";
import { StepCard } from "./step-card";

const fit = { maxZoom: 1, padding: 0.06 };

const nodeTypes = { step: StepCard };

/** When a panel opens beside the canvas or closes, keeps the chosen node in sight, or all of them. */
function Refit({ selected }: { selected: StepNode | undefined }) {
  const { fitView, setCenter, getZoom } = useReactFlow();
  const width = useStore((store) => store.width);
  const before = useRef(0);
  useEffect(() => {
    const first = before.current === 0;
    if (width === before.current) return;
    before.current = width;
    if (first || !selected) {
      void fitView(fit);
      return;
    }
    const { x, y } = selected.position;
    void setCenter(x + nodeSize.width / 2, y + nodeSize.height / 2, { zoom: getZoom() });
  }, [width, selected, fitView, setCenter, getZoom]);
  return null;
}

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
        fitViewOptions={fit}
        onlyRenderVisibleElements={nodes.length > manyNodes}
        proOptions={{ hideAttribution: true }}
      >
        <Background variant={BackgroundVariant.Dots} gap={20} size={1.2} />
        <Controls showInteractive={false} position="bottom-left" fitViewOptions={fit} />
        <Refit selected={nodes.find((node) => node.selected)} />
      </ReactFlow>
    </div>
  );
}
