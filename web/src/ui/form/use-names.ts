import { useQuery } from "@tanstack/react-query";
import { useLayoutEffect, useMemo, useRef, useState } from "react";
import { namesQuery } from "../../lib/names";
import { type Named, namesFor } from "./offers";
import { useSurroundings } from "./surroundings";

/** The names that may stand in a text; the server is asked for its own once one is wanted. */
export function useNames(wanted: boolean, secrets: boolean): Named[] {
  const { placeholders } = useSurroundings();
  const enabled = wanted && placeholders.length > 0;
  const { data } = useQuery({ ...namesQuery, enabled });
  return useMemo(
    () => (enabled ? namesFor(placeholders, data ?? [], secrets) : []),
    [enabled, placeholders, data, secrets],
  );
}

/** Where somebody writes in a text, and a way to go elsewhere once another text is there. */
export function useCaret<Place extends HTMLInputElement | HTMLTextAreaElement>(text: string) {
  const place = useRef<Place>(null);
  const [at, setAt] = useState<number>();
  const next = useRef<number>(undefined);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the browser moves the caret with the text.
  useLayoutEffect(() => {
    if (next.current === undefined) return;
    place.current?.setSelectionRange(next.current, next.current);
    setAt(next.current);
    next.current = undefined;
  }, [text]);
  return {
    place,
    at: Math.min(at ?? text.length, text.length),
    /** Notes where the caret is now. */
    note: () => {
      if (next.current === undefined) setAt(place.current?.selectionStart ?? undefined);
    },
    goTo: (caret: number) => {
      next.current = caret;
    },
  };
}
