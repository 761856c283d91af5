import { useStore } from "@xyflow/react";
import { useEffect } from "react";

/** Below this zoom the small print of a card cannot be read. */
const farBelow = 0.7;

/** Marks a drawing that is seen from afar: its cards then show their names alone, and larger. */
export function Distance() {
  const far = useStore(({ transform }) => transform[2] < farBelow);
  const drawing = useStore(({ domNode }) => domNode);
  useEffect(() => {
    drawing?.toggleAttribute("data-far", far);
  }, [drawing, far]);
  return null;
}
