import { useMutation } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { ApiError, post } from "../../lib/api";
import { type Identities, identityOf, inNewIds, newIds } from "../../lib/document/identity";
import type { Sketch } from "../../lib/document/model";
import type { Params, Problem } from "../../lib/model";
import { type Trial, trialRows } from "../../lib/trials";
import { type Found, locate } from "./problems";
import { type EditorStore, type Tried, type TriedThen, useDocument } from "./store";
import { inWhole, isFresh, partUpTo } from "./trial-part";
import type { EditorPins } from "./use-pins";
import { asSent } from "./use-problems";

type Asked = { until?: string | undefined; settings?: Settings | undefined };

type Settings = { rows: number; params: Params };

/** Trying the document as it stands, saved or not: what came out of which node, and what failed. */
export function useEditorTrial(
  store: EditorStore,
  pipelineId: string | undefined,
  pins: EditorPins,
) {
  const [tried, setTried] = useState(store.tried);
  const now = useDocument(store);
  const shown = useMemo(() => inTodaysIds(tried, now.sketch, now.first), [tried, now]);
  const [settings, setSettings] = useState<Settings>();
  const [refused, setRefused] = useState<Problem[]>([]);
  const attempt = useMutation({
    mutationFn: ({ until, abort, settings }: Asked & { abort: AbortController }) => {
      const { plain, sketch, first } = store.get();
      const { rows, params } = settings ?? { rows: trialRows.usual, params: plain.params ?? {} };
      const document = asSent(partUpTo(plain, sketch, until), undefined);
      const path = pipelineId
        ? `/api/pipelines/${encodeURIComponent(pipelineId)}/dry-run`
        : "/api/dry-run";
      const ids = (document.nodes as { id?: string }[] | undefined)?.map(({ id = "" }) => id) ?? [];
      const pinned = { pins: pins.unknown(ids) };
      const body = { document, rows, params, ...pinned, ...(until ? { until } : {}) };
      return post<Omit<Trial, "settings">>(path, body, { signal: abort.signal }).then((trial) => ({
        trial,
        of: sketch,
        first,
      }));
    },
    onMutate: () => setRefused([]),
    onSuccess: ({ trial, of, first }) =>
      setTried((before) => {
        const next = new Map(before);
        for (const result of Object.values(trial.results)) {
          next.set(identityOf(first, result.node_id), { result, of, first });
        }
        store.tried = next;
        return next;
      }),
    onError: (error, { until }) => {
      const problems = error instanceof ApiError ? error.problems : [];
      setRefused(inWhole(problems, store.get().sketch, until));
    },
  });
  const begin = (until?: string, asked = settings) => {
    attempt.variables?.abort.abort();
    setSettings(asked);
    attempt.mutate({ abort: new AbortController(), until, settings: asked });
  };
  return {
    shown,
    /** Why the last trial was refused as a whole. */
    error: attempt.error,
    refused,
    running: attempt.isPending,
    /** The node up to which a trial is under way. */
    until: attempt.isPending ? attempt.variables?.until : undefined,
    begin,
    settings,
    stop: () => {
      attempt.variables?.abort.abort();
      attempt.reset();
    },
  };
}

export type EditorTrial = ReturnType<typeof useEditorTrial>;

/** What was tried, by the ids that nodes have now. */
function inTodaysIds(
  tried: ReadonlyMap<string, TriedThen>,
  { nodes }: Sketch,
  first: Identities,
): ReadonlyMap<string, Tried> {
  const now = { first, ids: nodes.map(({ id }) => id) };
  const sketches = new Map<Sketch, Sketch>();
  const today = ({ of, first: then }: TriedThen): Sketch => {
    if (then === first) return of;
    const known =
      sketches.get(of) ??
      inNewIds(of, newIds({ first: then, ids: of.nodes.map(({ id }) => id) }, now));
    sketches.set(of, known);
    return known;
  };
  const shown = new Map<string, Tried>();
  for (const id of now.ids) {
    const one = tried.get(identityOf(first, id));
    if (one) shown.set(id, { result: { ...one.result, node_id: id }, of: today(one) });
  }
  return shown;
}

/** What nodes failed by when they were tried, as long as they are as they were. */
export function trialProblems({ shown }: Pick<EditorTrial, "shown">, sketch: Sketch): Found[] {
  const found: Found[] = [];
  for (const node of sketch.nodes) {
    const tried = shown.get(node.id);
    if (tried?.result.status !== "failed" || !isFresh(tried.of, sketch, node.id)) continue;
    const { error = "", failure } = tried.result;
    const places = failure?.problems?.length ? failure.problems : [{ path: "", message: error }];
    const absolute = places.map(({ path, message }) => ({
      path: `nodes[${node.index}].config${path && !path.startsWith("[") ? "." : ""}${path}`,
      message: path ? message : error || message,
    }));
    found.push(...locate(absolute, "error", sketch));
  }
  return found;
}
