import { ActionIcon, Tooltip, UnstyledButton } from "@mantine/core";
import {
  IconArrowDown,
  IconArrowUp,
  IconChevronRight,
  IconCopy,
  IconTrash,
} from "@tabler/icons-react";
import { type KeyboardEvent, useState } from "react";
import { type FieldProps, FieldView } from "./field-view";
import type { Field } from "./fields";
import classes from "./form.module.css";
import { summaryOf } from "./summary";
import { useSurroundings } from "./surroundings";

type Props = FieldProps & {
  id: number;
  title: string;
  at: number;
  last: number;
  /** The second is the selector of what is to have the focus afterwards. */
  onMove: (to: number, focus: string) => void;
  onCopy: () => void;
  onRemove: () => void;
};

/** One entry of a list: a line, or a card that can be folded when it has settings of its own. */
export function ListEntry(props: Props) {
  const { id, title, at, field, path, value, problems, onChange } = props;
  const name = `${title} ${at + 1}`;
  const tools = <Tools {...props} name={name} />;
  // Nothing and empty text are the same here, and are shown as nothing.
  const shown = value === "" && field.control.kind === "any" ? undefined : value;
  const view = (
    <FieldView
      field={field}
      path={path}
      label={name}
      value={shown}
      problems={problems}
      onChange={onChange}
    />
  );
  if (!hasMembers(field)) {
    return (
      <fieldset
        aria-label={name}
        className={classes.entry}
        data-entry={id}
        onKeyDown={(event) => onKey(event, props)}
      >
        <div className={classes.entryBody}>{view}</div>
        {tools}
      </fieldset>
    );
  }
  return (
    <Card {...props} name={name} tools={tools}>
      {view}
    </Card>
  );
}

type CardProps = Props & { name: string; tools: React.ReactNode; children: React.ReactNode };

function Card({ id, at, field, value, problems, name, tools, children, ...props }: CardProps) {
  // One that comes with the page is folded when there are many.
  const [open, setOpen] = useState(props.last < 3);
  const shown = open || problems.length > 0;
  return (
    <fieldset
      aria-label={name}
      className={classes.card}
      data-entry={id}
      data-wrong={problems.length > 0 || undefined}
      onKeyDown={(event) => onKey(event, { at, ...props })}
    >
      <div className={classes.cardHead}>
        <UnstyledButton
          className={classes.cardTitle}
          aria-expanded={shown}
          aria-label={`${name}: ${summaryOf(field.control, value)}`}
          onClick={() => setOpen(!shown)}
        >
          <IconChevronRight size={14} className={classes.chevron} data-open={shown || undefined} />
          <span className={classes.number}>{at + 1}</span>
          <bdi className={classes.summary}>{summaryOf(field.control, value)}</bdi>
        </UnstyledButton>
        {tools}
      </div>
      {shown && <div className={classes.cardBody}>{children}</div>}
    </fieldset>
  );
}

type Moves = Pick<Props, "at" | "last" | "onMove">;

/** Alt with an arrow moves the entry, from wherever the focus is in it. */
function onKey(event: KeyboardEvent, { at, onMove }: Moves) {
  if (!event.altKey || (event.key !== "ArrowUp" && event.key !== "ArrowDown")) return;
  event.preventDefault();
  event.stopPropagation();
  onMove(event.key === "ArrowUp" ? at - 1 : at + 1, "input, select, textarea, .cm-content, button");
}

function Tools({ at, last, name, onMove, onCopy, onRemove }: Props & { name: string }) {
  const { readOnly } = useSurroundings();
  if (readOnly) return null;
  return (
    <div className={classes.tools}>
      <Tool label="Move up" of={name} off={at === 0} onClick={() => onMove(at - 1, "[data-up]")} up>
        <IconArrowUp size={14} />
      </Tool>
      <Tool
        label="Move down"
        of={name}
        off={at === last}
        onClick={() => onMove(at + 1, "[data-down]")}
        down
      >
        <IconArrowDown size={14} />
      </Tool>
      <Tool label="Copy" of={name} onClick={onCopy}>
        <IconCopy size={14} />
      </Tool>
      <Tool label="Remove" of={name} onClick={onRemove}>
        <IconTrash size={14} />
      </Tool>
    </div>
  );
}

type ToolProps = {
  label: string;
  of: string;
  off?: boolean;
  up?: boolean;
  down?: boolean;
  onClick: () => void;
  children: React.ReactNode;
};

function Tool({ label, of, off = false, up, down, onClick, children }: ToolProps) {
  return (
    <Tooltip label={label}>
      <ActionIcon
        size="sm"
        aria-label={`${label} ${of}`}
        // Not disabled, so that the focus stays when an entry has come to an end of the list.
        aria-disabled={off || undefined}
        data-off={off || undefined}
        data-up={up}
        data-down={down}
        className={classes.tool ?? ""}
        onClick={off ? undefined : onClick}
      >
        {children}
      </ActionIcon>
    </Tooltip>
  );
}

function hasMembers({ control }: Field): boolean {
  return control.kind === "group" || control.kind === "forms";
}
