import { useEffect, useRef } from "react";
import type { Direction } from "../../lib/document/arrange";
import type { Commands } from "./use-commands";

type Given = {
  commands: Commands;
  /** The node that keys are about. */
  current: string | undefined;
  locked: boolean;
  undo: () => void;
  redo: () => void;
  save: () => void;
  add: () => void;
  connect: () => void;
  remove: () => void;
  open: () => void;
  edit: () => void;
  run: () => void;
  note: () => void;
  keys: () => void;
  yaml: () => void;
  escape: () => void;
  /** Chooses a node, beside the others or alone, and gives it the keyboard. */
  go: (id: string, more: boolean) => void;
};

const arrows: Record<string, Direction> = {
  ArrowLeft: "left",
  ArrowRight: "right",
  ArrowUp: "up",
  ArrowDown: "down",
};

const step = 20;

const isWritten = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  target.closest("input, textarea, select, [contenteditable=true], [role=dialog], [role=menu]") !==
    null;

const isOnCanvas = (target: EventTarget | null): boolean =>
  target === document.body ||
  (target instanceof HTMLElement && target.closest(".react-flow, main") !== null);

/** The keys of the editor, and the clipboard. Keys that are typed into fields are left alone. */
export function useKeys(given: Given): void {
  const latest = useRef(given);
  latest.current = given;
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.defaultPrevented || document.querySelector("[role=dialog]")) return;
      if (handle(event, latest.current)) event.preventDefault();
    };
    const clip = (event: ClipboardEvent) => clipboard(event, latest.current);
    window.addEventListener("keydown", press);
    for (const name of ["copy", "cut", "paste"] as const) window.addEventListener(name, clip);
    return () => {
      window.removeEventListener("keydown", press);
      for (const name of ["copy", "cut", "paste"] as const) window.removeEventListener(name, clip);
    };
  }, []);
}

/** Whether a key was for the editor. */
function handle(event: KeyboardEvent, given: Given): boolean {
  const mod = event.ctrlKey || event.metaKey;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (mod && key === "s") return done(given.save);
  if (mod && key === "Enter") return done(given.run);
  if (isWritten(event.target)) return key === "Escape" && leaveField(event.target, given);
  if (!isOnCanvas(event.target)) return false;
  if (mod) return withModifier(key, event.shiftKey, given);
  if (arrows[key]) return arrow(event, arrows[key], given);
  return plainKey(event, key, given);
}

/** Escape in a field of a panel closes the panel; the YAML has a use of its own for it. */
function leaveField(field: EventTarget | null, given: Given): boolean {
  if (!(field instanceof HTMLElement) || field.closest("[role=menu]")) return false;
  const own = field.closest(".cm-editor") !== null && field.closest("[data-panel]") === null;
  return own ? false : done(given.escape);
}

function done(act: () => void): boolean {
  act();
  return true;
}

function withModifier(
  key: string,
  shift: boolean,
  { commands, undo, redo, locked }: Given,
): boolean {
  if (key === "a") return done(commands.selectAll);
  if (locked) return false;
  if (key === "z") return done(shift ? redo : undo);
  if (key === "y") return done(redo);
  if (key === "d") return done(commands.duplicate);
  return false;
}

function arrow(event: KeyboardEvent, direction: Direction, given: Given): boolean {
  const { commands, current, locked } = given;
  if (event.altKey) {
    const x = { left: -step, right: step, up: 0, down: 0 }[direction];
    const y = { left: 0, right: 0, up: -step, down: step }[direction];
    if (!locked) commands.nudge(x, y);
    return true;
  }
  const next = commands.neighbour(current, direction);
  if (next) given.go(next, event.shiftKey);
  return next !== undefined;
}

function plainKey(event: KeyboardEvent, key: string, given: Given): boolean {
  const { commands, locked } = given;
  const onButton =
    event.target instanceof HTMLElement && event.target.closest("button, a") !== null;
  const reading: Record<string, () => void> = {
    "?": given.keys,
    Escape: given.escape,
    f: () => void commands.fit(),
    y: given.yaml,
    ...(onButton ? {} : { Enter: given.open, F2: given.edit }),
  };
  const writing: Record<string, () => void> = {
    "/": given.add,
    c: given.connect,
    t: given.note,
    g: () => void commands.group(),
    l: commands.layOut,
    Delete: given.remove,
    Backspace: given.remove,
  };
  const act = reading[key] ?? (locked ? undefined : writing[key]);
  return act ? done(act) : false;
}

function clipboard(event: ClipboardEvent, { commands, locked, remove }: Given): void {
  if (isWritten(event.target) || document.querySelector("[role=dialog]")) return;
  if (event.type === "paste") {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    if (!locked && commands.paste(text)) event.preventDefault();
    return;
  }
  const text = window.getSelection()?.toString() ? "" : commands.copied();
  if (!text) return;
  event.clipboardData?.setData("text/plain", text);
  event.preventDefault();
  if (event.type === "cut" && !locked) remove();
}
