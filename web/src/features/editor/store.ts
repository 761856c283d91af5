import { replaceEqualDeep } from "@tanstack/react-query";
import { createContext, useContext, useSyncExternalStore } from "react";
import type { Document } from "yaml";
import { begin, type History, redo, step, undo } from "../../lib/document/history";
import { type Identities, identityOf, renamed } from "../../lib/document/identity";
import { type Plain, type Sketch, sketchOf } from "../../lib/document/model";
import { renameId } from "../../lib/document/operations";
import { read, type TextError, write } from "../../lib/document/text";
import type { NodeTrial, PinnedRows } from "../../lib/trials";

/** The document as it stands now, in every form that a view of it needs. */
export type EditorState = {
  text: string;
  /** Of the last text that could be read. */
  plain: Plain;
  sketch: Sketch;
  /** Which node is which, when ids have been changed. */
  first: Identities;
  /** The rows that are pinned to nodes which are not saved yet, by their identities. */
  pins: Pins;
  /** Why the text cannot be read; until it can, only the text is edited. */
  error?: TextError;
  canUndo: boolean;
  canRedo: boolean;
};

export type Pins = Readonly<Record<string, PinnedRows>>;

/** What a node gave when it was last tried, and of which document. */
export type Tried = { result: NodeTrial; of: Sketch };

/** The same with the identities of that document's nodes. */
export type TriedThen = Tried & { first: Identities };

/** What one goes back to by undo. */
type Step = { text: string; first: Identities };

/** One document that the canvas, the node panel and the YAML are views of. */
export class EditorStore {
  /** What was tried of it last, by the identities of nodes, which goes where the document goes. */
  tried: ReadonlyMap<string, TriedThen> = new Map();
  private history: History<Step>;
  private document: Document | undefined;
  private state: EditorState;
  private readonly listeners = new Set<() => void>();

  constructor(text: string) {
    this.history = begin({ text, first: {} });
    const nothing = { plain: {}, sketch: sketchOf({}), first: {}, pins: {} };
    this.state = { ...nothing, text, canUndo: false, canRedo: false };
    this.reread();
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly get = (): EditorState => this.state;

  /** The document to look at; undefined while the text cannot be read. */
  readonly current = (): Document | undefined => (this.state.error ? undefined : this.document);

  /** Changes the document. Changes with one key that follow closely are one step back. */
  edit<T>(change: (document: Document) => T, key?: string): T | undefined {
    if (!this.document || this.state.error) return undefined;
    const result = change(this.document);
    this.step(write(this.document), this.state.first, key);
    this.show(this.document.toJS() as Plain);
    return result;
  }

  /** Gives a node another id; what was tried of it and is pinned to it stays with it. */
  rename(id: string, next: string): void {
    if (!this.document || this.state.error) return;
    renameId(this.document, id, next);
    this.step(write(this.document), renamed(this.state.first, id, next));
    this.show(this.document.toJS() as Plain);
  }

  /** Takes a text as the document, as somebody has written it. */
  setText(text: string, key?: string): void {
    if (text === this.state.text) return;
    this.step(text, this.state.first, key);
    this.reread();
  }

  /** Goes on with a text, the identities of its nodes and their pins, as they were left. */
  takeUp(text: string, first: Identities, pins: Pins): void {
    this.step(text, first);
    this.state = { ...this.state, pins };
    this.reread();
  }

  /** Pins rows to a node that is not saved, or takes them away. */
  pin(id: string, rows: PinnedRows | undefined): void {
    const { [identityOf(this.state.first, id)]: _, ...rest } = this.state.pins;
    const pins = rows ? { ...rest, [identityOf(this.state.first, id)]: rows } : rest;
    this.state = { ...this.state, pins };
    for (const listener of this.listeners) listener();
  }

  undo(): void {
    this.go(undo(this.history));
    this.reread();
  }

  redo(): void {
    this.go(redo(this.history));
    this.reread();
  }

  private go(history: History<Step>): void {
    this.history = history;
  }

  private step(text: string, first: Identities, key?: string): void {
    const { present } = this.history;
    if (text === present.text && first === present.first) return;
    this.go(step(this.history, { text, first }, now(key)));
  }

  private reread(): void {
    const reading = read(this.history.present.text);
    if ("error" in reading) {
      this.show(this.state.plain, reading.error);
    } else {
      this.document = reading.document;
      this.show(reading.plain);
    }
  }

  private show(next: Plain, error?: TextError): void {
    // What did not change stays the same object, so that only what did is drawn again.
    const plain = replaceEqualDeep(this.state.plain, next);
    this.state = {
      ...this.history.present,
      pins: this.state.pins,
      plain,
      sketch: replaceEqualDeep(this.state.sketch, sketchOf(plain)),
      canUndo: this.history.past.length > 0,
      canRedo: this.history.future.length > 0,
      ...(error ? { error } : {}),
    };
    for (const listener of this.listeners) listener();
  }
}

const now = (key: string | undefined) => ({
  at: Date.now(),
  ...(key === undefined ? {} : { key }),
});

/** The document as it stands. */
export function useDocument(store: EditorStore): EditorState {
  return useSyncExternalStore(store.subscribe, store.get);
}

const Context = createContext<EditorStore | undefined>(undefined);

export const EditorProvider = Context.Provider;

/** The document that the editor is open on. */
export function useStore(): EditorStore {
  const store = useContext(Context);
  if (!store) throw new Error("outside of the editor");
  return store;
}
