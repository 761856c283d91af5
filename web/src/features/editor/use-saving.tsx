import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { type Identities, identityOf, newIds } from "../../lib/document/identity";
import { setAt } from "../../lib/document/operations";
import type { Pipeline } from "../../lib/model";
import { onServer, pinsQuery } from "../../lib/trials";
import { notifyDone, notifyFailed } from "../../ui/notify";
import { useRunLauncher } from "../../ui/run-launcher";
import { handOver } from "./handover";
import { type Base, forget, type Kept, keep } from "./kept";
import { type EditorStore, useDocument } from "./store";
import { nodesNow, savedNodes } from "./use-pins";
import { isStale, readSaved, useSave } from "./use-save";

type Given = {
  store: EditorStore;
  pipelineId: string | undefined;
  base: Base;
  left: Kept | undefined;
  user: string;
  newest: number;
};

/** For so long after the last change it is kept in this browser. */
const keepMs = 400;

/** Saving without losing anything: neither what is typed here nor what others save. */
export function useSaving({ store, pipelineId, base: opened, left: found, user, newest }: Given) {
  const navigate = useNavigate();
  const state = useDocument(store);
  const { text } = state;
  const [base, setBase] = useState(opened);
  const [left, setLeft] = useState(found);
  const [theirs, setTheirs] = useState<Base>();
  const client = useQueryClient();
  const save = useSave(pipelineId);
  const { launch, dialog } = useRunLauncher();
  const dirty = text !== base.text;
  const name = pipelineId ?? "new";

  const now = { text, base, first: state.first, pins: state.pins };
  const latest = useRef(now);
  latest.current = now;
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is kept follows what is typed and saved
  useEffect(() => {
    // While it is not decided what becomes of what was left, that stays.
    if (left) return undefined;
    const write = () => {
      if (latest.current.text === latest.current.base.text) forget(user, name);
      else keep(user, name, { ...latest.current, at: Date.now() });
    };
    const timer = setTimeout(write, keepMs);
    window.addEventListener("pagehide", write);
    return () => {
      clearTimeout(timer);
      window.removeEventListener("pagehide", write);
    };
  }, [text, state.pins, base, left, user, name]);
  useEffect(
    // What was typed in the last moment before the page is left by a link.
    () => () => {
      const { text, base } = latest.current;
      if (text !== base.text) keep(user, name, { ...latest.current, at: Date.now() });
    },
    [user, name],
  );

  const look = async () => {
    if (!pipelineId) return;
    try {
      const { text, version } = await readSaved(pipelineId);
      // Their nodes are those of the base, which they have been made from.
      setTheirs({ text, version, ...(base.first ? { first: base.first } : {}) });
    } catch (error) {
      if (error instanceof Error) notifyFailed("What was saved meanwhile cannot be read", error);
    }
  };
  const saved = (pipeline: Pipeline, sent: string, first: Identities) => {
    const next = { text: sent, version: pipeline.version, first };
    void pinSaved(store, pipeline.id, next).then(() =>
      client.invalidateQueries(pinsQuery(pipeline.id)),
    );
    latest.current = { ...latest.current, text: store.get().text, base: next };
    setBase(next);
    setTheirs(undefined);
    notifyDone(pipeline.draft ? "The draft is saved" : `Version ${pipeline.version} is saved`);
    if (pipelineId) return;
    handOver({ store, base: next, pipeline });
    forget(user, "new");
    latest.current = { ...latest.current, text: sent, base: next };
    void navigate({
      to: "/pipelines/$pipelineId/edit",
      params: { pipelineId: pipeline.id },
      search: (old) => old,
      replace: true,
    });
  };
  const send = (over: Base, then?: (pipeline: Pipeline) => void, failed?: () => void) => {
    const { text, first } = store.get();
    const sent = { text, version: over.version, renamed: renamedOver(over, store) };
    save.mutate(sent, {
      onSuccess: (pipeline) => {
        saved(pipeline, text, first);
        then?.(pipeline);
      },
      onError: (error) => {
        failed?.();
        if (isStale(error)) void look();
        else notifyFailed("It is not saved", error);
      },
    });
  };
  const begin = (publish: boolean, then?: (pipeline: Pipeline) => void) => {
    const { error, plain } = store.get();
    if (error) {
      notifyFailed("It is not saved", new Error(`Line ${error.line} of the YAML cannot be read.`));
      return;
    }
    const publishing = publish && plain.draft === true;
    if (publishing) store.edit((document) => setAt(document, ["draft"], undefined));
    send(base, then, () => {
      if (publishing) store.undo();
    });
  };
  return {
    base,
    dirty,
    saving: save.isPending,
    save: (publish: boolean) => begin(publish),
    run: () => {
      if (dirty) begin(true, ({ id }) => void launch(id));
      else if (pipelineId) void launch(pipelineId);
    },
    dialog,
    left,
    restore: () => {
      if (!left) return;
      setBase(left.base);
      store.takeUp(left.text, left.first ?? {}, left.pins ?? {});
      setLeft(undefined);
    },
    discard: () => {
      forget(user, name);
      setLeft(undefined);
    },
    /** Somebody else has saved since this was read. */
    behind: pipelineId !== undefined && newest > base.version && !save.isPending,
    theirs,
    merge: () => void look(),
    closeMerge: () => setTheirs(undefined),
    saveMerged: (merged: string) => {
      if (!theirs) return;
      store.setText(merged);
      setBase(theirs);
      send(theirs);
    },
    takeTheirs: () => {
      if (!theirs) return;
      store.setText(theirs.text);
      setBase(theirs);
      setTheirs(undefined);
    },
  };
}

/** Which nodes that are saved have other ids now. */
function renamedOver(over: Base, store: EditorStore): string[] {
  return [...newIds(savedNodes(over), nodesNow(store.get()))].flatMap(([old, id]) =>
    old === id ? [] : [`${old}:${id}`],
  );
}

/** Pins to nodes that are saved now what was pinned to them before. What fails is kept here. */
async function pinSaved(store: EditorStore, pipelineId: string, base: Base): Promise<void> {
  const state = store.get();
  for (const [old, id] of newIds(savedNodes(base), nodesNow(state))) {
    const rows = state.pins[identityOf(state.first, id)];
    if (!rows) continue;
    try {
      await onServer(pipelineId, old).put(rows);
      store.pin(id, undefined);
    } catch (error) {
      if (error instanceof Error) notifyFailed(`The rows of ${id} are not pinned`, error);
    }
  }
}

export type Saving = ReturnType<typeof useSaving>;
