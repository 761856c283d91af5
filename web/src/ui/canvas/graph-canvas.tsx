import { useComputedColorScheme } from "@mantine/core";
import { Controls, type NodeChange, ReactFlow, useReactFlow, useStore } from "@xyflow/react";
import "@xyflow/react/dist/style.css";
import { useEffect, useMemo, useRef } from "react";
import { Backdrop } from "./backdrop";
import classes from "./canvas.module.css";
import { Distance } from "./distance";
import { type Drawing, drawElements, type StepNode } from "./elements";
import { nodeSize } from "./layout";
import { StepCard } from "./step-card";
import { usePanning } from "./use-panning";

/** Everything in sight, and nothing behind the controls. */
const fit = {
  maxZoom: 1,
  padding: { top: "20px", right: "24px", bottom: "52px", left: "24px" },
} as const;

/** Pixels that stay free beside a node that was moved into sight. */
const sideMargin = 32;

const nodeTypes = { step: StepCard };

/** A canvas that is narrower than this is that of a phone. */
const narrow = 600;

/** On a phone cards are not made smaller than this. */
const readable = 0.7;

type RefitProps = {
  selected: StepNode | undefined;
  /** The node where a phone begins that cannot show all of them. */
  begin: StepNode | undefined;
};

/**
 * Keeps the view useful when a panel opens beside the canvas or closes: a chosen
 * node that the panel would hide moves into sight, and no node moves otherwise.
 */
function Refit({ selected, begin }: RefitProps) {
  const { fitView, getNodes, getNodesBounds, getViewport, setCenter, setViewport } = useReactFlow();
  const width = useStore((store) => store.width);
  const before = useRef(0);
  useEffect(() => {
    const first = before.current === 0;
    if (width === before.current) return;
    before.current = width;
    if (first || !selected) {
      const bounds = getNodesBounds(getNodes());
      if (begin && width < narrow && bounds.width * readable > width) {
        const { x, y } = begin.position;
        // What is left of the first node is nothing to be seen.
        const least = bounds.x + (width / 2 - sideMargin) / readable;
        const centre = Math.max(x + nodeSize.width / 2, least);
        void setCenter(centre, y + nodeSize.height / 2, { zoom: readable });
      } else void fitView(fit);
      return;
    }
    const { x, y, zoom } = getViewport();
    const right = (selected.position.x + nodeSize.width) * zoom + x;
    const hidden = right - (width - sideMargin);
    if (hidden > 0) void setViewport({ x: x - hidden, y, zoom });
  }, [
    width,
    selected,
    begin,
    fitView,
    getNodes,
    getNodesBounds,
    getViewport,
    setCenter,
    setViewport,
  ]);
  return null;
}

/** From this many nodes on, those out of sight are not drawn. */
const manyNodes = 400;

export type GraphCanvasProps = Drawing & { onSelect: (nodeId: string | undefined) => void };

/** A pipeline drawn as a graph to look at, pan and pick nodes from. */
export function GraphCanvas(props: GraphCanvasProps) {
  const { graph, kinds, nodeRuns, pinned, lit, selected, onSelect } = props;
  const scheme = useComputedColorScheme("light");
  const { around, ...panning } = usePanning();
  const { nodes, edges } = useMemo(
    () =>
      drawElements({
        graph,
        kinds,
        ...(nodeRuns ? { nodeRuns } : {}),
        ...(pinned ? { pinned } : {}),
        ...(lit ? { lit } : {}),
        ...(selected ? { selected } : {}),
      }),
    [graph, kinds, nodeRuns, pinned, lit, selected],
  );
  const pick = (changes: NodeChange<StepNode>[]) => {
    const chosen = changes.find((change) => change.type === "select" && change.selected);
    if (chosen && "id" in chosen) onSelect(chosen.id);
  };
  return (
    <div ref={around} className={classes.canvas}>
      <ReactFlow
        nodes={nodes}
        edges={edges}
        nodeTypes={nodeTypes}
        onNodesChange={pick}
        {...panning}
        onPaneClick={() => onSelect(undefined)}
        colorMode={scheme}
        nodesDraggable={false}
        nodesConnectable={false}
        deleteKeyCode={null}
        multiSelectionKeyCode={null}
        selectionKeyCode={null}
        minZoom={0.1}
        maxZoom={2}
        onlyRenderVisibleElements={nodes.length > manyNodes}
        proOptions={{ hideAttribution: true }}
      >
        <Backdrop />
        <Controls
          orientation="horizontal"
          showInteractive={false}
          position="bottom-left"
          fitViewOptions={fit}
        />
        <Distance />
        <Refit selected={nodes.find((node) => node.selected)} begin={beginOf(nodes)} />
      </ReactFlow>
    </div>
  );
}

/** The node that a person came for: the chosen one, one that failed or works, or the first. */
function beginOf(nodes: StepNode[]): StepNode | undefined {
  const by = (...statuses: string[]) =>
    nodes.find(({ data }) => data.nodeRun && statuses.includes(data.nodeRun.status));
  const leftmost = nodes.reduce<StepNode | undefined>(
    (first, node) => (first && first.position.x <= node.position.x ? first : node),
    undefined,
  );
  return nodes.find(({ selected }) => selected) ?? by("failed") ?? by("running") ?? leftmost;
}
