import { TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useState } from "react";
import type { ConnectionPreset, ConnectionType } from "../../lib/connections";
import classes from "./connections.module.css";
import { TypeIcon } from "./type-icon";

const categories = [
  { name: "api", title: "APIs" },
  { name: "database", title: "Databases" },
  { name: "storage", title: "Storage" },
  { name: "other", title: "Others" },
] as const;

type Props = {
  types: ConnectionType[];
  onPick: (type: ConnectionType, preset?: ConnectionPreset) => void;
};

type Entry = { type: ConnectionType; preset?: ConnectionPreset };

/** The types of connections that the server offers, and their presets, to choose one of. */
export function TypeCatalogue({ types, onPick }: Props) {
  const [typed, setTyped] = useState("");
  const found = entriesOf(types).filter((entry) => matches(entry, typed));
  return (
    <>
      <TextInput
        data-autofocus
        aria-label="Search types"
        placeholder="Search"
        leftSection={<IconSearch size={16} />}
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
      />
      {found.length === 0 && (
        <p role="status" className={classes.none}>
          No type is called so.
        </p>
      )}
      {categories.map(({ name, title }) => {
        const inside = found.filter(({ type }) => type.category === name);
        if (inside.length === 0) return null;
        return (
          <section key={name} aria-label={title}>
            <h3 className={classes.title}>{title}</h3>
            <div className={classes.cards}>
              {inside.map(({ type, preset }) => {
                const { label, description } = preset ?? type;
                return (
                  <button
                    key={`${type.type} ${preset?.name ?? ""}`}
                    type="button"
                    className={classes.card}
                    aria-label={label}
                    onClick={() => onPick(type, preset)}
                  >
                    <TypeIcon type={type} size={20} />
                    <span>
                      <strong>{label}</strong>
                      <small>
                        {description}
                        {type.untried && " Not tried against a server."}
                      </small>
                    </span>
                  </button>
                );
              })}
            </div>
          </section>
        );
      })}
    </>
  );
}

function entriesOf(types: ConnectionType[]): Entry[] {
  return types.flatMap((type) => [
    { type },
    ...(type.presets ?? []).map((preset) => ({ type, preset })),
  ]);
}

function matches({ type, preset }: Entry, typed: string): boolean {
  const { label, description } = preset ?? type;
  const words = `${label} ${description} ${type.type} ${type.category}`.toLowerCase();
  return typed
    .toLowerCase()
    .split(/\s+/)
    .every((word) => words.includes(word));
}
