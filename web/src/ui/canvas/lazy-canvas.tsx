import { Skeleton } from "@mantine/core";
import { lazy, Suspense } from "react";
import type { GraphCanvasProps } from "./graph-canvas";

const GraphCanvas = lazy(() =>
  import("./graph-canvas").then((module) => ({ default: module.GraphCanvas })),
);

/** The canvas, loaded when it is first shown: its code is a third of the interface. */
export function LazyCanvas(props: GraphCanvasProps) {
  return (
    <Suspense fallback={<Skeleton height="100%" radius={0} />}>
      <GraphCanvas {...props} />
    </Suspense>
  );
}
