import { useReactFlow, useStore } from "@xyflow/react";
import { useEffect, useRef } from "react";
import type { Point } from "../../lib/document/model";
import { nodeSize } from "../../ui/canvas/layout";
import { fit } from "./draw";

/** Up to this many nodes, all of them are shown when the canvas changes its size. */
const few = 24;

type Props = { open: string | undefined; places: ReadonlyMap<string, Point> };

/** Keeps the view useful when a panel opens or closes: few nodes are fitted, else the open one is shown. */
export function KeepInSight({ open, places }: Props) {
  const { fitView, setCenter, getViewport } = useReactFlow();
  const width = useStore((store) => store.width);
  const height = useStore((store) => store.height);
  const before = useRef({ width, height, open });
  useEffect(() => {
    const was = before.current;
    before.current = { width, height, open };
    const resized = width !== was.width || height !== was.height;
    const place = open === undefined ? undefined : places.get(open);
    const { x, y, zoom } = getViewport();
    const hidden =
      place !== undefined &&
      open !== was.open &&
      !isInside(
        { x: place.x * zoom + x, y: place.y * zoom + y },
        { width: width - nodeSize.width * zoom, height: height - nodeSize.height * zoom },
      );
    if (!resized && !hidden) return;
    if (places.size <= few) void fitView(fit);
    else if (place) {
      void setCenter(place.x + nodeSize.width / 2, place.y + nodeSize.height / 2, { zoom });
    }
  }, [width, height, open, places, fitView, setCenter, getViewport]);
  return null;
}

const isInside = ({ x, y }: Point, { width, height }: { width: number; height: number }) =>
  x >= 0 && y >= 0 && x <= width && y <= height;
