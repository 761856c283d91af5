import { useReactFlow, useStore, type Viewport } from "@xyflow/react";
import { useEffect, useRef } from "react";
import type { Point } from "../../lib/document/model";
import { nodeSize } from "../../ui/canvas/layout";
import { fit } from "./draw";

/** Up to this many nodes, all of them are shown when the canvas changes its size. */
const few = 24;

/** A canvas that is narrower than this shows one node rather than all. */
const narrow = 500;

/** How large the node is that a page begins with, at least. */
const readable = 0.8;

type Props = { open: string | undefined; places: ReadonlyMap<string, Point> };

/** Keeps the view useful when a panel opens or closes: few nodes are fitted, else the open one is shown. */
export function KeepInSight({ open, places }: Props) {
  const { fitView, setCenter, getViewport } = useReactFlow();
  const width = useStore((store) => store.width);
  const height = useStore((store) => store.height);
  const before = useRef({ width: 0, height: 0, open });
  useEffect(() => {
    const was = before.current;
    const now = { width, height, open };
    before.current = now;
    const place = places.get(open ?? "");
    const view = getViewport();
    if (!isStale(was, now, view, place)) return;
    const alone = places.size > few || width < narrow;
    if (place && alone) {
      const zoom = Math.max(view.zoom, was.width === 0 ? readable : 0);
      void setCenter(place.x + nodeSize.width / 2, place.y + nodeSize.height / 2, { zoom });
    } else if (places.size <= few) void fitView(fit);
  }, [width, height, open, places, fitView, setCenter, getViewport]);
  return null;
}

type Sight = Size & { open: string | undefined };

/** Whether the canvas has another size, or another node is open that cannot be seen. */
function isStale(was: Sight, now: Sight, view: Viewport, place: Point | undefined): boolean {
  if (now.width === 0) return false;
  if (now.width !== was.width || now.height !== was.height) return true;
  return now.open !== was.open && place !== undefined && !isInside(place, now, view);
}

type Size = { width: number; height: number };

/** Whether all of a node can be seen. */
function isInside(place: Point, { width, height }: Size, { x, y, zoom }: Viewport): boolean {
  const [left, top] = [place.x * zoom + x, place.y * zoom + y];
  const [right, bottom] = [left + nodeSize.width * zoom, top + nodeSize.height * zoom];
  return left >= 0 && top >= 0 && right <= width && bottom <= height;
}
