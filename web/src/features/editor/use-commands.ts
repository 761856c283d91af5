import { useReactFlow } from "@xyflow/react";
import { type Dispatch, type SetStateAction, useMemo } from "react";
import type { Document } from "yaml";
import {
  type Alignment,
  align,
  beside,
  between,
  type Direction,
  distribute,
  freeSpot,
  heir,
  neighbour,
} from "../../lib/document/arrange";
import { copy, paste, readClip } from "../../lib/document/clipboard";
import { gives, markFor, takes, whyNot } from "../../lib/document/legality";
import type { Regrouped } from "../../lib/document/membership";
import type { Point } from "../../lib/document/model";
import {
  addNode,
  addNote,
  connect,
  disconnect,
  group,
  insertInto,
  markEdge,
  move,
  regroup,
  removeDrawn,
  removeNodes,
} from "../../lib/document/operations";
import type { NodeType } from "../../lib/model";
import { layOut, nodeSize, placeNodes } from "../../ui/canvas/layout";
import { edgeId, fit, noteSize } from "./draw";
import type { EditorStore } from "./store";

type End = { from: string; to: string };

/** Where a new node goes: into an edge, behind a node, or to a point. */
export type Spot = { edge?: End; from?: string; at?: Point };

export type Selection = ReadonlySet<string>;

type Given = {
  store: EditorStore;
  kinds: ReadonlyMap<string, NodeType>;
  selected: Selection;
  setSelected: Dispatch<SetStateAction<Selection>>;
};

/** What can be done to the document on the canvas; each is one step to undo. */
export function useCommands({ store, kinds, selected, setSelected }: Given) {
  const { screenToFlowPosition, fitView } = useReactFlow();
  return useMemo(
    () => commands({ store, kinds, selected, setSelected }, { screenToFlowPosition, fitView }),
    [store, kinds, selected, setSelected, screenToFlowPosition, fitView],
  );
}

type View = {
  screenToFlowPosition: (at: Point) => Point;
  fitView: (options: typeof fit) => unknown;
};

function commands({ store, kinds, selected, setSelected }: Given, view: View) {
  const sketch = () => store.get().sketch;
  const places = () => placeNodes(sketch());
  const chosenNodes = () => sketch().nodes.filter(({ id }) => selected.has(id));
  const chosenNotes = () => sketch().notes.filter(({ id }) => selected.has(id));
  const kindOf = (id: string) =>
    kinds.get(sketch().nodes.find((node) => node.id === id)?.type ?? "");

  /** A document without positions is laid out when it is drawn: what is seen is made its own. */
  const edit = <T>(change: (document: Document) => T, key?: string): T | undefined => {
    const laidOut = sketch().nodes.every(({ position }) => !position?.x && !position?.y);
    const seen = places();
    return store.edit((document) => {
      if (laidOut) move(document, seen);
      return change(document);
    }, key);
  };

  const centre = (): Point => {
    const board = document.querySelector(".react-flow")?.getBoundingClientRect();
    const { x, y } = view.screenToFlowPosition({
      x: (board?.x ?? 0) + (board?.width ?? 0) / 2,
      y: (board?.y ?? 0) + (board?.height ?? 0) / 2,
    });
    return { x: x - nodeSize.width / 2, y: y - nodeSize.height / 2 };
  };

  const nameFor = ({ title }: NodeType) => {
    const taken = new Set(sketch().nodes.map(({ name }) => name));
    let name = title;
    for (let number = 2; taken.has(name); number++) name = `${title} ${number}`;
    return name;
  };

  const join = (document: Document, ends: End) => {
    const graph = store.get().sketch;
    connect(document, ends, markFor(graph, kinds, ends.from));
  };

  const addInto = (kind: NodeType, edge: End): string | undefined => {
    const { at, moved } = between(sketch(), places(), edge, nodeSize);
    const fits = takes(kind) && gives(kind);
    return edit((document) => {
      if (fits) move(document, moved);
      const id = addNode(document, { type: kind.type, name: nameFor(kind), position: at });
      if (fits) insertInto(document, edge, id);
      return id;
    });
  };

  const addBehind = (kind: NodeType, from: string, at: Point): string | undefined =>
    edit((document) => {
      const id = addNode(document, { type: kind.type, name: nameFor(kind), position: at });
      const source = kindOf(from);
      if (gives(source) && (takes(kind) || source?.waits)) join(document, { from, to: id });
      return id;
    });

  const select = (ids: Iterable<string>) => setSelected(new Set(ids));

  const add = (kind: NodeType, { edge, from, at }: Spot): string | undefined => {
    const spot = at ?? (from ? beside(places(), from, nodeSize) : centre());
    const id = edge
      ? addInto(kind, edge)
      : from
        ? addBehind(kind, from, spot)
        : edit((document) =>
            addNode(document, {
              type: kind.type,
              name: nameFor(kind),
              position: freeSpot(places().values(), spot, nodeSize),
            }),
          );
    if (id) select([id]);
    return id;
  };

  const copied = () => {
    const document = store.current();
    return document ? copy(document, selected) : "";
  };

  const pasteText = (text: string, by: Point = { x: 40, y: 40 }): boolean => {
    const clip = readClip(text);
    if (!clip) return false;
    const ids = edit((document) => paste(document, clip, by));
    if (ids) select(ids);
    return true;
  };

  const arrange = (how: (chosen: Map<string, Point>) => ReadonlyMap<string, Point>) => {
    const all = places();
    const chosen = new Map(
      chosenNodes().flatMap(({ id }) => {
        const place = all.get(id);
        return place ? [[id, place] as const] : [];
      }),
    );
    if (chosen.size > 1) edit((document) => move(document, how(chosen)));
  };

  return {
    add,
    select,
    /** Moves what was dragged to where it was left. */
    put: (moved: ReadonlyMap<string, Point>, changes: Regrouped) =>
      edit((document) => {
        move(document, moved);
        regroup(document, changes);
      }),
    connect: (ends: End): string | undefined => {
      const refused = whyNot(sketch(), kinds, ends);
      if (!refused) edit((document) => join(document, ends));
      return refused;
    },
    legal: (from: string) =>
      new Set(
        sketch()
          .nodes.map(({ id }) => id)
          .filter((to) => !whyNot(sketch(), kinds, { from, to })),
      ),
    legalInto: (to: string) =>
      new Set(
        sketch()
          .nodes.map(({ id }) => id)
          .filter((from) => !whyNot(sketch(), kinds, { from, to })),
      ),
    turn: (ends: End, condition: boolean) =>
      edit((document) => markEdge(document, ends, condition)),
    /** Removes what is chosen; returns the node that stood nearest in the graph. */
    remove: (): string | undefined => {
      const next = heir(sketch(), places(), selected);
      const { nodes, edges, notes, groups } = sketch();
      const has = ({ id }: { id: string }) => selected.has(id);
      const cut = edges.filter((edge) => selected.has(edgeId(edge)));
      edit((document) => {
        for (const edge of cut) disconnect(document, edge);
        removeNodes(
          document,
          nodes.filter(has).map(({ id }) => id),
        );
        for (const { id } of notes.filter(has)) removeDrawn(document, "notes", id);
        for (const { id } of groups.filter(has)) removeDrawn(document, "groups", id);
      });
      select([]);
      return next;
    },
    copied,
    paste: pasteText,
    duplicate: () => pasteText(copied()),
    selectAll: () => select([...sketch().nodes, ...sketch().notes].map(({ id }) => id)),
    note: () => {
      const at = centre();
      const position = { x: at.x, y: at.y - noteSize.height };
      const id = edit((document) => addNote(document, { text: "", position, color: "yellow" }));
      if (id) select([id]);
      return id;
    },
    group: () => {
      const nodes = chosenNodes().map(({ id }) => id);
      if (nodes.length === 0) return;
      const id = edit((document) => group(document, nodes, "Group"));
      if (id) select([id]);
    },
    align: (how: Alignment) => arrange((chosen) => align(chosen, how)),
    distribute: (along: "x" | "y") => arrange((chosen) => distribute(chosen, along)),
    nudge: (x: number, y: number) => {
      const all = places();
      const moved = new Map<string, Point>();
      for (const { id } of chosenNodes()) {
        const place = all.get(id);
        if (place) moved.set(id, { x: place.x + x, y: place.y + y });
      }
      for (const { id, position } of chosenNotes()) {
        moved.set(id, { x: position.x + x, y: position.y + y });
      }
      edit((document) => move(document, moved), "nudge");
    },
    layOut: () => {
      const placed = layOut(sketch());
      store.edit((document) => move(document, placed));
      requestAnimationFrame(() => view.fitView(fit));
    },
    fit: () => view.fitView(fit),
    neighbour: (id: string | undefined, direction: Direction): string | undefined =>
      id === undefined ? sketch().nodes[0]?.id : neighbour(sketch(), places(), id, direction),
  };
}

export type Commands = ReturnType<typeof commands>;
