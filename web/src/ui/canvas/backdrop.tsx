import { useStoreApi } from "@xyflow/react";
import { useEffect, useRef } from "react";
import classes from "./canvas.module.css";

/** Pixels between two dots, where the canvas is as large as life. */
const gap = 20;

/**
 * The dots behind a canvas, on a layer of their own that is moved and never painted again
 * while the canvas is panned.
 */
export function Backdrop() {
  const store = useStoreApi();
  const dots = useRef<HTMLDivElement>(null);
  useEffect(() => {
    let drawn = 0;
    const place = () => {
      const [x, y, zoom] = store.getState().transform;
      const style = dots.current?.style;
      if (!style) return;
      const step = gap * zoom;
      style.transform = `translate(${x % step}px, ${y % step}px)`;
      if (zoom !== drawn) {
        style.backgroundSize = `${step}px ${step}px`;
        style.setProperty("--dot", `${0.7 * zoom}px`);
        drawn = zoom;
      }
    };
    place();
    return store.subscribe(place);
  }, [store]);
  return <div ref={dots} className={classes.dots} aria-hidden="true" />;
}
