import { TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { type KeyboardEvent, useRef, useState } from "react";
import type { NodeType } from "../../lib/model";
import { KindIcon, kindColour } from "../../ui/kind-icon";
import { dragType } from "./board";
import classes from "./editor.module.css";
import { matching } from "./quick-pick";

const categories = [
  { name: "source", title: "Sources" },
  { name: "transform", title: "Transforms" },
  { name: "quality", title: "Quality" },
  { name: "sink", title: "Sinks" },
];

type Props = { kinds: NodeType[]; onAdd: (kind: NodeType) => void };

/** Kinds of nodes, to be dragged onto the canvas or clicked. */
export function Palette({ kinds, onAdd }: Props) {
  const [typed, setTyped] = useState("");
  const list = useRef<HTMLDivElement>(null);
  const choices = kinds.map(choiceOf);
  const found = new Set(matching(choices, typed).map(({ id }) => id));
  const go = (event: KeyboardEvent) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!by) return;
    const buttons = [...(list.current?.querySelectorAll("button") ?? [])];
    const next = buttons[buttons.indexOf(document.activeElement as HTMLButtonElement) + by];
    if (next) {
      event.preventDefault();
      next.focus();
    }
  };
  const known = new Set(categories.map(({ name }) => name));
  const groups = [...categories, { name: "", title: "Others" }];
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: arrow keys go through its buttons
    <div className={classes.palette} onKeyDown={go} data-palette>
      <TextInput
        size="xs"
        aria-label="Search nodes"
        placeholder="Search nodes"
        leftSection={<IconSearch size={14} />}
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
      />
      <div ref={list} className={classes.paletteList}>
        {groups.map(({ name, title }) => {
          const inside = kinds
            .filter(
              ({ type, category }) =>
                found.has(type) && (name === "" ? !known.has(category) : category === name),
            )
            .toSorted((one, other) => one.title.localeCompare(other.title, "en"));
          if (inside.length === 0) return null;
          return (
            <section key={title} aria-label={title}>
              <h2 className={classes.paletteTitle}>{title}</h2>
              {inside.map((kind) => (
                <button
                  key={kind.type}
                  type="button"
                  tabIndex={-1}
                  draggable
                  className={classes.paletteItem}
                  style={{ "--kind": kindColour(kind.category) }}
                  title={kind.summary}
                  onClick={() => onAdd(kind)}
                  onDragStart={(event) => {
                    event.dataTransfer.setData(dragType, kind.type);
                    event.dataTransfer.effectAllowed = "copy";
                  }}
                >
                  <span className={classes.paletteIcon}>
                    <KindIcon icon={kind.icon} size={16} />
                  </span>
                  {kind.title}
                </button>
              ))}
            </section>
          );
        })}
      </div>
    </div>
  );
}

/** A kind of node as one is chosen. */
export function choiceOf({ type, title, summary, icon, category }: NodeType) {
  return { id: type, label: title, detail: summary, icon, category, words: category };
}
