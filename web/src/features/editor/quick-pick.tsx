import { Modal, Text, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import { KindIcon, kindColour } from "../../ui/kind-icon";
import classes from "./editor.module.css";

export type Choice = {
  id: string;
  label: string;
  detail: string;
  icon: string | undefined;
  category: string;
  /** Other words that it is found by. */
  words?: string;
};

type Props = {
  title: string;
  placeholder: string;
  choices: Choice[];
  nothing: string;
  onPick: (id: string) => void;
  onClose: () => void;
};

/** The choices that have all words that were typed, those first whose name begins with them. */
export function matching(choices: Choice[], typed: string): Choice[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  const text = ({ label, detail, id, words: more = "" }: Choice) =>
    `${label} ${id} ${more} ${detail}`.toLowerCase();
  const rank = ({ label }: Choice) => {
    const at = label.toLowerCase().indexOf(words[0] ?? "");
    return at === 0 ? 0 : at > 0 ? 1 : 2;
  };
  return choices
    .filter((choice) => words.every((word) => text(choice).includes(word)))
    .toSorted((a, b) => rank(a) - rank(b));
}

/** One of many, chosen by a few letters of its name. */
export function QuickPick({ title, placeholder, choices, nothing, onPick, onClose }: Props) {
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const list = useId();
  const active = useRef<HTMLLIElement>(null);
  const found = matching(choices, typed);
  const place = Math.min(at, found.length - 1);
  const marked = found[place];
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is marked is kept in sight
  useEffect(() => {
    active.current?.scrollIntoView({ block: "nearest" });
  }, [marked?.id]);
  const press = (event: KeyboardEvent) => {
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key];
    if (by) {
      event.preventDefault();
      setAt(Math.max(0, Math.min(found.length - 1, place + by)));
    } else if (event.key === "Enter" && marked) {
      event.preventDefault();
      onPick(marked.id);
    }
  };
  return (
    <Modal
      opened
      onClose={onClose}
      yOffset="10vh"
      returnFocus={false}
      title={<Text fw={650}>{title}</Text>}
      transitionProps={{ duration: 0 }}
    >
      <TextInput
        role="combobox"
        aria-label={title}
        aria-expanded
        aria-controls={list}
        aria-activedescendant={marked ? `${list}-${marked.id}` : undefined}
        aria-autocomplete="list"
        placeholder={placeholder}
        leftSection={<IconSearch size={16} />}
        value={typed}
        data-autofocus
        onKeyDown={press}
        onChange={(event) => {
          setTyped(event.currentTarget.value);
          setAt(0);
        }}
      />
      {/* biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: as above */}
      <ul id={list} role="listbox" aria-label={title} className={classes.choices}>
        {found.map((choice, number) => (
          // biome-ignore lint/a11y/useFocusableInteractive: the field above keeps the focus
          // biome-ignore lint/a11y/useKeyWithClickEvents: and takes the keys
          <li
            key={choice.id}
            id={`${list}-${choice.id}`}
            ref={number === place ? active : undefined}
            // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: of a listbox
            role="option"
            aria-selected={number === place}
            className={classes.choice}
            style={{ "--kind": kindColour(choice.category) }}
            onClick={() => onPick(choice.id)}
            onMouseMove={() => setAt(number)}
          >
            <span className={classes.kind}>
              <KindIcon icon={choice.icon} />
            </span>
            <span className={classes.choiceWords}>
              <bdi>{choice.label}</bdi>
              <span>{choice.detail}</span>
            </span>
          </li>
        ))}
      </ul>
      {found.length === 0 && (
        <Text c="dimmed" fz="sm" p="md" ta="center" role="status">
          {nothing}
        </Text>
      )}
    </Modal>
  );
}
