import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { post } from "../../lib/api";
import type { Plain, Sketch } from "../../lib/document/model";
import type { Problem } from "../../lib/model";
import { type Found, locate } from "./problems";

type Verdict = { problems: Problem[]; warnings: Problem[] };

/** A document as the API takes it: "version" counts the form of the YAML there, and saves here. */
export function asSent({ version: _, ...document }: Plain, id: string | undefined): Plain {
  return { ...document, ...(id ? { id } : {}) };
}

/** What the server finds wrong with the document, a moment after it has changed. */
export function useProblems(plain: Plain, sketch: Sketch, id: string | undefined): Found[] {
  const [settled] = useDebouncedValue(plain, 350);
  const { data } = useQuery({
    queryKey: ["validate", id ?? "", settled],
    queryFn: ({ signal }) =>
      post<Verdict>(
        "/api/pipelines/validate",
        { ...asSent(settled, id), draft: false },
        { signal },
      ),
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
    retry: false,
  });
  return useMemo(
    () => [
      ...locate(data?.problems ?? [], "error", sketch),
      ...locate(data?.warnings ?? [], "warning", sketch),
    ],
    [data, sketch],
  );
}
