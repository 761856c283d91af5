import { TextInput, UnstyledButton } from "@mantine/core";
import { useState } from "react";
import type { DrawnNode, Sketch } from "../../lib/document/model";
import classes from "./editor.module.css";
import { useDocument, useStore } from "./store";

type Props = { node: DrawnNode; locked: boolean; onRenamed: (id: string) => void };

/** The id of a node, by which edges, groups and tests speak of it; they follow when it is changed. */
export function IdField({ node, locked, onRenamed }: Props) {
  const [typed, setTyped] = useState<string>();
  const store = useStore();
  const { sketch } = useDocument(store);
  if (typed === undefined) {
    return (
      <UnstyledButton
        className={classes.id ?? ""}
        disabled={locked}
        aria-label={`Change the id ${node.id}`}
        title="Change the id"
        onClick={() => setTyped(node.id)}
      >
        <code>{node.id}</code>
      </UnstyledButton>
    );
  }
  const wrong = whyNotId(typed, node.id, sketch);
  const finish = () => {
    setTyped(undefined);
    if (wrong || typed === node.id) return;
    store.rename(node.id, typed);
    onRenamed(typed);
  };
  return (
    <TextInput
      size="xs"
      className={classes.idField ?? ""}
      aria-label="Id of the node"
      autoFocus
      value={typed}
      maxLength={100}
      error={wrong}
      onChange={(event) => setTyped(event.currentTarget.value)}
      onBlur={finish}
      onKeyDown={(event) => {
        if (event.key !== "Enter" && event.key !== "Escape") return;
        event.preventDefault();
        event.stopPropagation();
        if (event.key === "Escape") setTyped(undefined);
        else if (!wrong) finish();
      }}
    />
  );
}

/** Why a node cannot be called that; undefined when it can. */
export function whyNotId(id: string, own: string, sketch: Sketch): string | undefined {
  if (id === own) return undefined;
  if (!id) return "It needs an id.";
  if (!/^[A-Za-z0-9_.-]+$/.test(id)) return "Letters, digits and . _ - only.";
  const taken = [...sketch.nodes, ...sketch.notes, ...sketch.groups].some((one) => one.id === id);
  return taken ? "Another one is called that." : undefined;
}
