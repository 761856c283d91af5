import { Button } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useEffect, useRef, useState } from "react";
import type { Json } from "../../lib/model";
import type { FieldProps } from "./field-view";
import { blankOf, type Field } from "./fields";
import classes from "./form.module.css";
import { ListEntry } from "./list-entry";
import { ListHead } from "./list-head";
import { Problems } from "./problem-list";
import { below, sortProblems } from "./problems";
import { useSurroundings } from "./surroundings";
import { moved } from "./values";

type Props = FieldProps & { items: Field };

/** A list: its entries are added, moved and removed, by keyboard as well. */
export function ListField({ items, ...props }: Props) {
  const { field, path, value, problems, onChange, label } = props;
  const { readOnly } = useSurroundings();
  const list = Array.isArray(value) ? value : [];
  const { ids, setIds, nextId } = useIds(list.length);
  const place = useRef<HTMLDivElement>(null);
  const [focus, setFocus] = useState<{ id: number; on: string }>();
  const sorted = sortProblems(
    problems,
    list.map((_, at) => below(path, at)),
  );
  useEffect(() => {
    if (!focus) return;
    const entry = place.current?.querySelector(`[data-entry="${focus.id}"]`);
    entry?.querySelector<HTMLElement>(focus.on)?.focus();
  }, [focus]);
  const change = (next: Json[], nextIds: number[]) => {
    setIds(nextIds);
    const gone = next.length === 0 && !field.required && label === undefined;
    onChange(gone ? undefined : next);
  };
  const move = (from: number, to: number, on: string) => {
    change(moved(list, from, to), moved(ids, from, to));
    setFocus({ id: ids[from] ?? 0, on });
  };
  const add = (at: number, entry: Json) => {
    const id = nextId();
    change(list.toSpliced(at, 0, entry), ids.toSpliced(at, 0, id));
    setFocus({ id, on: "input, select, textarea, .cm-content" });
  };
  return (
    <fieldset className={classes.list}>
      <ListHead field={field} label={label} />
      <div ref={place} className={classes.entries}>
        {list.map((entry, at) => (
          <ListEntry
            key={ids[at]}
            id={ids[at] ?? 0}
            title={label ?? field.title}
            at={at}
            last={list.length - 1}
            field={items}
            path={below(path, at)}
            value={entry}
            problems={sorted.of(below(path, at))}
            onChange={(next) => change(list.with(at, next ?? ""), ids)}
            onMove={(to, on) => move(at, to, on)}
            onCopy={() => add(at + 1, structuredClone(entry))}
            onRemove={() => change(list.toSpliced(at, 1), ids.toSpliced(at, 1))}
          />
        ))}
      </div>
      <Problems problems={sorted.own} value={value} onChange={onChange} />
      {!readOnly && (
        <Button
          size="compact-xs"
          variant="default"
          className={classes.add ?? ""}
          leftSection={<IconPlus size={14} />}
          aria-label={`Add to ${label ?? field.title}`}
          onClick={() => add(list.length, blankOf(items))}
        >
          Add
        </Button>
      )}
    </fieldset>
  );
}

/** A name for every entry that goes with it where it is moved, so that it keeps what was typed. */
function useIds(length: number) {
  const last = useRef(0);
  const nextId = () => ++last.current;
  const fresh = () => Array.from({ length }, nextId);
  const [ids, setIds] = useState(fresh);
  if (ids.length === length) return { ids, setIds, nextId };
  const next = fresh();
  setIds(next);
  return { ids: next, setIds, nextId };
}
