import { useComputedColorScheme } from "@mantine/core";
import {
  type Connection,
  Controls,
  type EdgeChange,
  type FinalConnectionState,
  MiniMap,
  type NodeChange,
  ReactFlow,
  useReactFlow,
} from "@xyflow/react";
import "@xyflow/react/dist/style.css";
import { type DragEvent, useCallback, useMemo, useRef, useState } from "react";
import { withMembers as groupsWith, regrouped } from "../../lib/document/membership";
import type { Point, Sketch } from "../../lib/document/model";
import type { NodeType } from "../../lib/model";
import { Backdrop } from "../../ui/canvas/backdrop";
import canvas from "../../ui/canvas/canvas.module.css";
import { Distance } from "../../ui/canvas/distance";
import { nodeSize, placeNodes } from "../../ui/canvas/layout";
import { usePanning } from "../../ui/canvas/use-panning";
import { kindColour } from "../../ui/kind-icon";
import { type BoardActions, BoardProvider } from "./board-context";
import { Card, Frame, NoteCard } from "./cards";
import {
  type BoardEdge,
  type BoardNode,
  Drawer,
  drawEdges,
  fit,
  framePadding,
  type Picture,
} from "./draw";
import { DrawnPanel } from "./drawn-panel";
import classes from "./editor.module.css";
import { KeepInSight } from "./keep-in-sight";
import type { Commands, Selection, Spot } from "./use-commands";
import { Wire } from "./wire";

const nodeTypes = { card: Card, note: NoteCard, frame: Frame };
const edgeTypes = { wire: Wire };

/** From this many nodes on, those out of sight are not drawn. */
const manyNodes = 120;

/** What a kind is called while it is dragged from the palette. */
export const dragType = "application/x-broked-kind";

type Props = Pick<Picture, "results" | "marks" | "pinned" | "editingNote"> & {
  sketch: Sketch;
  kinds: ReadonlyMap<string, NodeType>;
  selected: Selection;
  onSelected: (change: (before: Selection) => Selection) => void;
  open: string | undefined;
  commands: Commands;
  actions: BoardActions;
  locked: boolean;
  onOpen: (id: string) => void;
  onAdd: (spot: Spot) => void;
  onRefused: (why: string) => void;
};

/** What frames are made around. */
const shape = { size: nodeSize, padding: framePadding };

/** The document as a graph that is drawn with mouse or keyboard. */
export function Board(props: Props) {
  const { sketch, kinds, selected, commands, actions, locked } = props;
  const scheme = useComputedColorScheme("light");
  const { around, ...panning } = usePanning();
  const { screenToFlowPosition } = useReactFlow();
  const [dragged, setDragged] = useState<ReadonlyMap<string, Point>>(new Map());
  const [fitted] = useState(props.open === undefined);
  const [legal, setLegal] = useState<ReadonlySet<string>>();
  const drawer = useRef(new Drawer());
  const stand = useMemo(() => placeNodes(sketch), [sketch]);
  const current = useMemo(
    () =>
      [...sketch.nodes, ...sketch.notes].find(({ id }) => selected.has(id))?.id ??
      sketch.nodes[0]?.id,
    [sketch, selected],
  );
  // While something is dragged the frames show what it will belong to.
  const changes = useMemo(() => regrouped(sketch, stand, dragged, shape), [sketch, stand, dragged]);
  const framed = useMemo(
    () => ({ ...sketch, groups: groupsWith(sketch.groups, changes) }),
    [sketch, changes],
  );
  const { results, marks, pinned, editingNote } = props;
  const nodes = useMemo(
    () =>
      drawer.current.draw({
        ...{
          sketch: framed,
          places: stand,
          dragged,
          kinds,
          selected,
          current,
          results,
          marks,
          pinned,
          legal,
        },
        editingNote,
      }),
    [framed, stand, dragged, kinds, selected, current, results, marks, pinned, legal, editingNote],
  );
  const edges = useMemo(() => drawEdges(sketch, results, selected), [sketch, results, selected]);

  const { onSelected } = props;
  const changed = useCallback(
    (changes: Change[]) => {
      const { moved, chosen } = sorted(changes);
      if (moved.size > 0) {
        setDragged((before) => withMembers({ sketch, places: stand }, before, moved));
      }
      if (chosen.size > 0) onSelected((before) => withChosen(before, chosen));
    },
    [sketch, stand, onSelected],
  );
  const dropped = () => {
    if (dragged.size > 0) commands.put(dragged, changes);
    setDragged(new Map());
  };
  const endAt = (from: string, forward: boolean, at: Point) => {
    const to = nodeUnder(at);
    if (to && to !== from) {
      const why = commands.connect(forward ? { from, to } : { from: to, to: from });
      if (why) props.onRefused(why);
    } else if (!to && forward) {
      const { x, y } = screenToFlowPosition(at);
      props.onAdd({ from, at: { x, y: y - nodeSize.height / 2 } });
    }
  };
  const finish = (event: MouseEvent | TouchEvent, state: FinalConnectionState) => {
    setLegal(undefined);
    if (state.isValid || !state.fromNode) return;
    endAt(state.fromNode.id, state.fromHandle?.type !== "target", pointOf(event));
  };
  const drop = (event: DragEvent) => {
    const kind = kinds.get(event.dataTransfer.getData(dragType));
    if (!kind || locked) return;
    event.preventDefault();
    const { x, y } = screenToFlowPosition({ x: event.clientX, y: event.clientY });
    const wire = document
      .elementsFromPoint(event.clientX, event.clientY)
      .map((element) => element.closest(".react-flow__edge"))
      .find(Boolean);
    const edge = sketch.edges.find(
      ({ from, to }) => wire?.getAttribute("data-id") === `${from}->${to}`,
    );
    const at = { x: x - nodeSize.width / 2, y: y - nodeSize.height / 2 };
    const id = commands.add(kind, edge ? { edge } : { at });
    if (id) props.onOpen(id);
  };
  return (
    <div ref={around} className={`${canvas.canvas} ${classes.board}`}>
      <BoardProvider value={actions}>
        <ReactFlow
          nodes={nodes}
          edges={edges}
          nodeTypes={nodeTypes}
          edgeTypes={edgeTypes}
          colorMode={scheme}
          {...panning}
          onNodesChange={changed}
          onEdgesChange={changed}
          onNodeDragStop={dropped}
          onSelectionDragStop={dropped}
          onNodeDoubleClick={(_, node) => node.type === "card" && props.onOpen(node.id)}
          onConnectStart={(_, { nodeId, handleType }) =>
            nodeId &&
            setLegal(handleType === "target" ? commands.legalInto(nodeId) : commands.legal(nodeId))
          }
          onConnect={({ source, target }: Connection) =>
            void commands.connect({ from: source, to: target })
          }
          onConnectEnd={finish}
          isValidConnection={({ source, target }) => commands.legal(source).has(target)}
          connectionRadius={36}
          onDragOver={(event) => {
            if (!event.dataTransfer.types.includes(dragType)) return;
            event.preventDefault();
            event.dataTransfer.dropEffect = "copy";
          }}
          onDrop={drop}
          nodesDraggable={!locked}
          nodesConnectable={!locked}
          elementsSelectable
          disableKeyboardA11y
          deleteKeyCode={null}
          selectionKeyCode="Shift"
          multiSelectionKeyCode={["Shift", "Meta", "Control"]}
          snapToGrid
          snapGrid={[10, 10]}
          minZoom={0.1}
          maxZoom={2}
          // What is opened by the address is shown instead.
          fitView={fitted}
          fitViewOptions={fit}
          elevateNodesOnSelect={false}
          onlyRenderVisibleElements={sketch.nodes.length > manyNodes}
          proOptions={{ hideAttribution: true }}
        >
          <Backdrop />
          <Controls showInteractive={false} position="bottom-left" fitViewOptions={fit} />
          <MiniMap
            pannable
            zoomable
            ariaLabel="Map of the pipeline"
            className={classes.map ?? ""}
            nodeColor={(node) => mapColour(node as BoardNode)}
          />
          {!locked && <DrawnPanel sketch={sketch} selected={selected} />}
          <Distance />
          <KeepInSight open={props.open} places={stand} />
        </ReactFlow>
      </BoardProvider>
    </div>
  );
}

type Change = NodeChange<BoardNode> | EdgeChange<BoardEdge>;

/** What was moved and what was chosen, or is no longer. */
function sorted(changes: Change[]) {
  const moved = new Map<string, Point>();
  const chosen = new Map<string, boolean>();
  for (const change of changes) {
    if (change.type === "select") chosen.set(change.id, change.selected);
    if (change.type === "position" && change.position) moved.set(change.id, change.position);
  }
  return { moved, chosen };
}

function pointOf(event: MouseEvent | TouchEvent): Point {
  const { clientX = 0, clientY = 0 } =
    "changedTouches" in event ? (event.changedTouches[0] ?? {}) : event;
  return { x: clientX, y: clientY };
}

/** The node at a point of the window. */
function nodeUnder({ x, y }: Point): string | undefined {
  const card = document.elementFromPoint(x, y)?.closest(".react-flow__node-card");
  return card?.getAttribute("data-id") ?? undefined;
}

function mapColour(node: BoardNode): string {
  if (node.type === "card") return kindColour(node.data.kind?.category ?? "");
  return node.type === "note" ? "var(--wait-soft)" : "transparent";
}

function withChosen(before: Selection, chosen: Map<string, boolean>): Selection {
  const next = new Set(before);
  for (const [id, is] of chosen) {
    if (is) next.add(id);
    else next.delete(id);
  }
  return next;
}

/** A frame that is dragged takes its nodes with it. */
function withMembers(
  { sketch: { groups }, places }: Pick<Picture, "sketch" | "places">,
  before: ReadonlyMap<string, Point>,
  moved: Map<string, Point>,
): ReadonlyMap<string, Point> {
  const next = new Map([...before, ...moved]);
  for (const group of groups) {
    const to = moved.get(group.id);
    if (!to) continue;
    next.delete(group.id);
    const inside = group.nodes.flatMap((id) => {
      const at = before.get(id) ?? places.get(id);
      return at ? [{ id, at }] : [];
    });
    const x = to.x + framePadding - Math.min(...inside.map(({ at }) => at.x));
    const y = to.y + framePadding - Math.min(...inside.map(({ at }) => at.y));
    for (const { id, at } of inside) next.set(id, { x: at.x + x, y: at.y + y });
  }
  return next;
}
