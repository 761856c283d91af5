import { IconPlus } from "@tabler/icons-react";
import { BaseEdge, EdgeLabelRenderer, type EdgeProps, getBezierPath } from "@xyflow/react";
import { memo } from "react";
import { useBoard } from "./board-context";
import type { BoardEdge } from "./draw";
import classes from "./editor.module.css";

/** An edge; in its middle a node can be put in, and the branch of a condition be turned. */
export const Wire = memo((props: EdgeProps<BoardEdge>) => {
  const { id, data, label, selected = false } = props;
  const [path, x, y] = getBezierPath(props);
  const { insertInto, turn } = useBoard();
  const edge = data?.edge;
  return (
    <>
      <BaseEdge id={id} path={path} interactionWidth={24} />
      {edge && (
        <EdgeLabelRenderer>
          <div
            className={`nodrag nopan ${classes.wireTools}`}
            style={{ transform: `translate(-50%, -50%) translate(${x}px, ${y}px)` }}
            data-selected={selected}
          >
            {edge.condition === undefined ? (
              label && <span className={classes.wireLabel}>{label}</span>
            ) : (
              <button
                type="button"
                tabIndex={-1}
                className={classes.wireLabel}
                title="Turn to the other branch"
                onClick={() => turn(edge, !edge.condition)}
              >
                {label}
              </button>
            )}
            <button
              type="button"
              tabIndex={-1}
              className={classes.wireAdd}
              aria-label={`Put a node between ${edge.from} and ${edge.to}`}
              onClick={() => insertInto(edge)}
            >
              <IconPlus size={13} stroke={2.4} aria-hidden="true" />
            </button>
          </div>
        </EdgeLabelRenderer>
      )}
    </>
  );
});
