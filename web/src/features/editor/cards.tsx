import { IconAlertCircleFilled, IconAlertTriangleFilled, IconPinFilled } from "@tabler/icons-react";
import { Handle, type NodeProps, NodeResizer, Position } from "@xyflow/react";
import { memo, useState } from "react";
import { gives } from "../../lib/document/legality";
import { removeDrawn, setDrawn } from "../../lib/document/operations";
import { formatRows } from "../../lib/format";
import { labelOf, toneOf } from "../../lib/status";
import type { NodeTrial } from "../../lib/trials";
import canvas from "../../ui/canvas/canvas.module.css";
import { KindIcon, kindColour } from "../../ui/kind-icon";
import { StatusIcon } from "../../ui/status-icon";
import { useBoard } from "./board-context";
import type { CardNode, FrameNode, Mark, NoteNode } from "./draw";
import classes from "./editor.module.css";
import { useStore } from "./store";

/** A node on the canvas, to be moved and joined. */
export const Card = memo(({ data, selected }: NodeProps<CardNode>) => {
  const { step, kind, result, old, mark, pinned, barred } = data;
  const status = old ? undefined : result?.status;
  return (
    <div
      className={`${canvas.card} ${classes.card} ${selected ? canvas.selected : ""}`}
      data-status={status}
      data-barred={barred}
      data-mark={mark?.level}
      {...(status ? { "data-tone": toneOf(status) } : {})}
      style={{ "--kind": kindColour(kind?.category ?? "") }}
      title={step.name}
    >
      <Handle
        type="target"
        position={Position.Left}
        // A node that waits may come before one that takes no rows.
        className={kind?.max_inputs === 0 ? classes.faint : ""}
      />
      <span className={canvas.kind}>
        <KindIcon icon={kind?.icon} />
      </span>
      <span className={canvas.words}>
        <bdi className={canvas.name}>{step.name || step.id}</bdi>
        <span className={canvas.sub}>
          {(status && outcome(status, result?.row_count)) ?? kind?.title ?? step.type}
        </span>
      </span>
      <Sign mark={mark} status={status} />
      {pinned && (
        <span className={canvas.pin}>
          <IconPinFilled size={12} aria-hidden="true" />
        </span>
      )}
      {gives(kind) && <Handle type="source" position={Position.Right} />}
    </div>
  );
});

/** How a node fared, in two words. */
function outcome(status: NodeTrial["status"], rows: number | undefined): string {
  return status === "success" && rows !== undefined ? formatRows(rows) : labelOf(status);
}

type SignProps = { mark: Mark | undefined; status: NodeTrial["status"] | undefined };

function Sign({ mark, status }: SignProps) {
  if (mark) return <MarkIcon {...mark} />;
  return status ? <StatusIcon status={status} size={18} /> : null;
}

function MarkIcon({ level }: { level: "error" | "warning" }) {
  const Icon = level === "error" ? IconAlertCircleFilled : IconAlertTriangleFilled;
  return (
    <span data-tone={level === "error" ? "bad" : "wait"} className={classes.mark}>
      <Icon size={18} aria-hidden="true" />
    </span>
  );
}

/** Text on the canvas. */
export const NoteCard = memo(({ data, selected }: NodeProps<NoteNode>) => {
  const { note, editing } = data;
  const store = useStore();
  const { editNote } = useBoard();
  const set = (change: Parameters<typeof setDrawn>[3], key?: string) =>
    store.edit((document) => setDrawn(document, "notes", note.id, change), key);
  const leave = () => {
    if (!note.text.trim()) store.edit((document) => removeDrawn(document, "notes", note.id));
    editNote(undefined);
  };
  return (
    <div className={classes.note} data-colour={note.color ?? "yellow"} data-selected={selected}>
      <NodeResizer
        isVisible={selected && !editing}
        minWidth={120}
        minHeight={48}
        onResizeEnd={(_, { width, height }) =>
          set({ width: Math.round(width), height: Math.round(height) })
        }
      />
      {editing ? (
        <textarea
          className={`nodrag nowheel ${classes.noteText}`}
          aria-label="Text of the note"
          // biome-ignore lint/a11y/noAutofocus: it was opened to be written into
          autoFocus
          maxLength={4000}
          value={note.text}
          onChange={(event) => set({ text: event.currentTarget.value }, `note ${note.id}`)}
          onBlur={leave}
          onKeyDown={(event) => {
            event.stopPropagation();
            if (event.key === "Escape") leave();
          }}
        />
      ) : (
        <p className={classes.noteText} dir="auto" onDoubleClick={() => editNote(note.id)}>
          {note.text}
        </p>
      )}
    </div>
  );
});

/** A named frame around nodes. */
export const Frame = memo(({ data, selected }: NodeProps<FrameNode>) => {
  const { group } = data;
  const store = useStore();
  const [editing, setEditing] = useState(false);
  return (
    <div className={classes.frame} data-colour={group.color ?? "grey"} data-selected={selected}>
      <span className={`drag-frame ${classes.frameName}`}>
        {editing ? (
          <input
            className="nodrag"
            aria-label="Name of the group"
            // biome-ignore lint/a11y/noAutofocus: it was opened to be written into
            autoFocus
            value={group.name}
            onBlur={() => setEditing(false)}
            onChange={(event) => {
              const name = event.currentTarget.value;
              store.edit(
                (document) => setDrawn(document, "groups", group.id, { name }),
                `group ${group.id}`,
              );
            }}
            onKeyDown={(event) => {
              event.stopPropagation();
              if (event.key === "Enter" || event.key === "Escape") setEditing(false);
            }}
          />
        ) : (
          <button
            type="button"
            onDoubleClick={() => setEditing(true)}
            title="Double-click to rename"
          >
            <bdi>{group.name || group.id}</bdi>
          </button>
        )}
      </span>
    </div>
  );
});
