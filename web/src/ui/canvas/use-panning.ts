import type { OnMove } from "@xyflow/react";
import { useEffect, useMemo, useRef } from "react";

/** Milliseconds after which a canvas that is not moved any more counts as still. */
const rest = 200;

/**
 * Marks the element around a canvas while that is panned, for its styles: what is drawn is
 * one picture then, which is moved. It is not while the canvas is zoomed, as the picture would blur.
 */
export function usePanning() {
  const around = useRef<HTMLDivElement>(null);
  const timer = useRef<number>(undefined);
  useEffect(() => () => window.clearTimeout(timer.current), []);
  return useMemo(() => {
    let before = 0;
    const still = () => around.current?.removeAttribute("data-panning");
    const onMove: OnMove = (_, { zoom }) => {
      window.clearTimeout(timer.current);
      if (zoom !== before) still();
      else if (!around.current?.hasAttribute("data-panning")) {
        around.current?.setAttribute("data-panning", "");
      }
      before = zoom;
    };
    const onMoveEnd = () => {
      window.clearTimeout(timer.current);
      timer.current = window.setTimeout(still, rest);
    };
    return { around, onMove, onMoveEnd };
  }, []);
}
