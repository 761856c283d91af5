import { TextInput } from "@mantine/core";
import { Panel } from "@xyflow/react";
import { type Colour, colours, type Sketch } from "../../lib/document/model";
import { setDrawn } from "../../lib/document/operations";
import classes from "./editor.module.css";
import { useStore } from "./store";
import type { Selection } from "./use-commands";

type Props = { sketch: Sketch; selected: Selection };

/** What can be set of the note or the group that is chosen: its colour, and what a group is called. */
export function DrawnPanel({ sketch, selected }: Props) {
  const store = useStore();
  const note = sketch.notes.find(({ id }) => selected.has(id));
  const group = sketch.groups.find(({ id }) => selected.has(id));
  const shown = note ?? group;
  if (selected.size !== 1 || !shown) return null;
  const member = note ? "notes" : "groups";
  const now: Colour = shown.color ?? (note ? "yellow" : "grey");
  const change = (next: { color?: Colour; name?: string }, key?: string) =>
    store.edit((document) => setDrawn(document, member, shown.id, next), key);
  return (
    <Panel position="top-right">
      <section className={classes.drawn} aria-label={note ? "Note" : "Group"}>
        {group && (
          <TextInput
            size="xs"
            aria-label="Name of the group"
            value={group.name}
            placeholder={group.id}
            onChange={(event) => change({ name: event.currentTarget.value }, `group ${group.id}`)}
          />
        )}
        <fieldset className={classes.colours}>
          <legend className={classes.unseen}>Colour</legend>
          {colours.map((colour) => (
            <label key={colour} className={classes.colour} data-colour={colour} title={colour}>
              <input
                type="radio"
                className={classes.unseen}
                name="colour"
                aria-label={colour}
                checked={colour === now}
                onChange={() => change({ color: colour })}
              />
            </label>
          ))}
        </fieldset>
      </section>
    </Panel>
  );
}
