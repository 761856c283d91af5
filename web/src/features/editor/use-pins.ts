import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { identityOf, newIds } from "../../lib/document/identity";
import { sketchOf } from "../../lib/document/model";
import { read } from "../../lib/document/text";
import { onServer, type Pin, type PinnedRows, type PinPlace, pinsQuery } from "../../lib/trials";
import type { Base } from "./kept";
import { type EditorStore, useDocument } from "./store";

/** The nodes of what is saved. */
export function savedNodes({ text, version, first = {} }: Base) {
  const reading = version > 0 ? read(text) : undefined;
  const nodes = reading && "plain" in reading ? sketchOf(reading.plain).nodes : [];
  return { first, ids: nodes.map(({ id }) => id) };
}

/** The nodes of the document. */
export const nodesNow = ({ sketch, first }: ReturnType<EditorStore["get"]>) => ({
  first,
  ids: sketch.nodes.map(({ id }) => id),
});

/** The rows that are pinned to nodes, saved or not, by what they are called now. */
export function useEditorPins(store: EditorStore, pipelineId: string | undefined, base: Base) {
  const state = useDocument(store);
  const there = useMemo(() => savedNodes(base), [base]);
  const saved = useMemo(() => newIds(there, nodesNow(state)), [there, state]);
  const query = useQuery({ ...pinsQuery(pipelineId ?? ""), enabled: pipelineId !== undefined });
  const kept = query.data;
  return useMemo(() => {
    const savedAs = new Map([...saved].map(([old, id]) => [id, old]));
    const at = new Map<string, Pin>();
    for (const { id } of state.sketch.nodes) {
      const old = savedAs.get(id);
      const pin =
        old === undefined
          ? unsaved(id, state.pins[identityOf(state.first, id)])
          : kept?.find(({ node_id }) => node_id === old);
      if (pin) at.set(id, { ...pin, node_id: id });
    }
    const place = (id: string): PinPlace => {
      const old = savedAs.get(id);
      return pipelineId !== undefined && old !== undefined
        ? onServer(pipelineId, old)
        : {
            put: async (rows) => store.pin(id, rows),
            remove: async () => store.pin(id, undefined),
          };
    };
    /** Those of some nodes that the server does not know by these ids. */
    const unknown = (ids: string[]): Record<string, PinnedRows> =>
      Object.fromEntries(
        ids.flatMap((id) => {
          const pin = at.get(id);
          if (!pin || savedAs.get(id) === id) return [];
          const { columns, rows } = pin;
          return [[id, columns ? { columns, rows } : { rows }]];
        }),
      );
    return { at, place, unknown };
  }, [store, state, saved, kept, pipelineId]);
}

const unsaved = (id: string, rows: PinnedRows | undefined): Pin | undefined =>
  rows && { ...rows, node_id: id, pinned_by: "", pinned_at: "" };

export type EditorPins = ReturnType<typeof useEditorPins>;
