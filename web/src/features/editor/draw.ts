import { type Edge, type Node, Position } from "@xyflow/react";
import { frameOf } from "../../lib/document/arrange";
import type { DrawnEdge, DrawnNode, Group, Note, Point, Sketch } from "../../lib/document/model";
import { formatRows } from "../../lib/format";
import type { NodeType } from "../../lib/model";
import { labelOf } from "../../lib/status";
import type { NodeTrial } from "../../lib/trials";
import { nodeSize } from "../../ui/canvas/layout";
import type { Found } from "./problems";

export type Mark = { level: Found["level"]; count: number };

export type CardData = {
  step: DrawnNode;
  kind?: NodeType;
  result?: NodeTrial;
  /** What it gave is of an earlier form of the document. */
  old?: boolean;
  mark?: Mark;
  pinned: boolean;
  /** An edge that is being drawn must not end here. */
  barred: boolean;
};

export type CardNode = Node<CardData, "card">;
export type NoteNode = Node<{ note: Note; editing: boolean }, "note">;
export type FrameNode = Node<{ group: Group }, "frame">;
export type BoardNode = CardNode | NoteNode | FrameNode;
export type BoardEdge = Edge<{ edge: DrawnEdge }, "wire">;

/** All that the canvas shows. */
export type Picture = {
  sketch: Sketch;
  places: ReadonlyMap<string, Point>;
  /** Where what is being dragged is at the moment. */
  dragged: ReadonlyMap<string, Point>;
  kinds: ReadonlyMap<string, NodeType>;
  selected: ReadonlySet<string>;
  /** The node that the Tab key stops at. */
  current: string | undefined;
  results: ReadonlyMap<string, { result: NodeTrial; old: boolean }>;
  marks: ReadonlyMap<string, Mark>;
  pinned: ReadonlySet<string>;
  /** The nodes at which an edge that is being drawn may end; undefined while none is. */
  legal: ReadonlySet<string> | undefined;
  editingNote: string | undefined;
};

/** How much room a frame leaves around its nodes, and for its name. */
export const framePadding = 28;

/** How the view is fitted: nothing comes to lie under the controls and the map. */
export const fit = {
  maxZoom: 1,
  padding: { top: "28px", left: "28px", right: "28px", bottom: "112px" },
} as const;

export const noteSize = { width: 208, height: 96 };

const middle = nodeSize.height / 2;

const handles: NonNullable<CardNode["handles"]> = [
  { type: "target", position: Position.Left, x: -5, y: middle - 5, width: 10, height: 10 },
  {
    type: "source",
    position: Position.Right,
    x: nodeSize.width - 5,
    y: middle - 5,
    width: 10,
    height: 10,
  },
];

/** Keeps the drawn form of what has not changed: with 300 nodes only the moved one is new. */
export class Drawer {
  private readonly drawn = new Map<string, { from: unknown[]; node: BoardNode }>();

  draw(picture: Picture): BoardNode[] {
    const { sketch } = picture;
    return [
      ...sketch.groups.flatMap((group) => this.frame(group, picture)),
      ...sketch.notes.map((note) => this.note(note, picture)),
      ...sketch.nodes.map((step) => this.card(step, picture)),
    ];
  }

  private keep<T extends BoardNode>(key: string, from: unknown[], make: () => T): T {
    const old = this.drawn.get(key);
    if (old?.from.every((value, place) => value === from[place])) return old.node as T;
    const node = make();
    this.drawn.set(key, { from, node });
    return node;
  }

  private card(step: DrawnNode, picture: Picture): CardNode {
    const { id } = step;
    const position = picture.dragged.get(id) ?? picture.places.get(id);
    const kind = picture.kinds.get(step.type);
    const shown = picture.results.get(id);
    const mark = picture.marks.get(id);
    const pinned = picture.pinned.has(id);
    const selected = picture.selected.has(id);
    const barred = picture.legal !== undefined && !picture.legal.has(id);
    const stop = picture.current === id;
    const from = [step, position?.x, position?.y, kind, shown?.result, shown?.old];
    const more = [mark?.count, mark?.level, pinned, selected, barred, stop];
    return this.keep(`card ${id}`, [...from, ...more], () => ({
      id,
      type: "card",
      position: position ?? { x: 0, y: 0 },
      // Sizes and handles are told, not measured: a change never waits for the page's layout.
      ...nodeSize,
      measured: nodeSize,
      handles,
      selected,
      focusable: stop,
      ariaRole: "group",
      domAttributes: { "aria-roledescription": "node" },
      ariaLabel: inWords(step, kind, shown?.result, mark, pinned),
      data: {
        step,
        pinned,
        barred,
        ...(kind ? { kind } : {}),
        ...(shown ? { result: shown.result, old: shown.old } : {}),
        ...(mark ? { mark } : {}),
      },
    }));
  }

  private note(note: Note, picture: Picture): NoteNode {
    const { id } = note;
    const position = picture.dragged.get(id) ?? note.position;
    const selected = picture.selected.has(id);
    const editing = picture.editingNote === id;
    const stop = picture.current === id;
    const from = [note, position.x, position.y, selected, editing, stop];
    return this.keep(`note ${id}`, from, () => {
      const size = {
        width: note.width ?? noteSize.width,
        height: note.height ?? noteSize.height,
      };
      return {
        id,
        type: "note",
        position,
        ...size,
        measured: size,
        selected,
        focusable: stop,
        connectable: false,
        ariaRole: "group",
        domAttributes: { "aria-roledescription": "note" },
        ariaLabel: `Note: ${note.text || "empty"}`,
        zIndex: -1,
        data: { note, editing },
      };
    });
  }

  private frame(group: Group, picture: Picture): FrameNode[] {
    const inside = group.nodes.flatMap(
      (id) => picture.dragged.get(id) ?? picture.places.get(id) ?? [],
    );
    if (inside.length === 0) return [];
    const { x, y, ...size } = frameOf(inside, nodeSize, framePadding);
    const selected = picture.selected.has(group.id);
    const from = [group, x, y, size.width, size.height, selected];
    const node = this.keep(`frame ${group.id}`, from, () => ({
      id: group.id,
      type: "frame" as const,
      position: { x, y },
      ...size,
      measured: size,
      selected,
      focusable: false,
      connectable: false,
      ariaRole: "group" as const,
      ariaLabel: `Group ${group.name}`,
      // Over what it frames, so that its name is: all else of it lets everything through.
      zIndex: 1,
      // Only its name is there to be taken hold of: what is under the frame can be, too.
      dragHandle: ".drag-frame",
      style: { pointerEvents: "none" as const },
      data: { group },
    }));
    return [node];
  }
}

/** The edges, of which those stay the same objects that did not change. */
export function drawEdges(
  { edges }: Sketch,
  results: Picture["results"],
  selected: ReadonlySet<string>,
): BoardEdge[] {
  return edges.map((edge) => {
    const id = edgeId(edge);
    const label = edgeLabel(edge, results.get(edge.from));
    return {
      id,
      type: "wire",
      source: edge.from,
      target: edge.to,
      selected: selected.has(id),
      focusable: false,
      data: { edge },
      ...(label ? { label } : {}),
    };
  });
}

export const edgeId = ({ from, to }: { from: string; to: string }): string => `${from}->${to}`;

function edgeLabel(
  { condition }: DrawnEdge,
  from: { result: NodeTrial; old: boolean } | undefined,
): string {
  if (condition !== undefined) return condition ? "if true" : "if false";
  const { status, row_count } = from?.result ?? {};
  return status === "success" && row_count !== undefined && !from?.old ? formatRows(row_count) : "";
}

function inWords(
  step: DrawnNode,
  kind: NodeType | undefined,
  result: NodeTrial | undefined,
  mark: Mark | undefined,
  pinned: boolean,
): string {
  const words = [step.name || step.id, kind?.title ?? step.type];
  if (result) words.push(labelOf(result.status));
  if (result?.status === "success" && result.row_count !== undefined) {
    words.push(formatRows(result.row_count));
  }
  if (mark)
    words.push(
      `${mark.count} ${mark.level === "error" ? "problem" : "warning"}${mark.count === 1 ? "" : "s"}`,
    );
  if (pinned) words.push("rows pinned");
  return words.join(", ");
}
