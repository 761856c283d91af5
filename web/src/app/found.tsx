import { useDebouncedValue } from "@mantine/hooks";
import type {
  SpotlightActionData,
  SpotlightActionGroupData,
  SpotlightFilterFunction,
} from "@mantine/spotlight";
import {
  IconAlertTriangle,
  IconCode,
  IconHistory,
  IconPlugConnected,
  IconSitemap,
} from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { useEffect } from "react";
import { get } from "../lib/api";
import type { components } from "../lib/api-types";
import { shortId } from "../lib/format";

type Hit = components["schemas"]["Hit"];

const kinds = [
  {
    type: "pipeline",
    group: "Other pipelines",
    icon: IconSitemap,
    path: (id: string) => `/pipelines/${id}`,
  },
  { type: "run", group: "Runs", icon: IconHistory, path: (id: string) => `/runs/${id}` },
  {
    type: "issue",
    group: "Issues",
    icon: IconAlertTriangle,
    path: (id: string) => `/issues/${id}`,
  },
  { type: "connection", group: "Connections", icon: IconPlugConnected, path: () => "/connections" },
  { type: "variable", group: "Variables", icon: IconCode, path: () => "/variables" },
] as const;

/** How many of one kind are offered, and of what the browser knows by itself. */
const most = 5;
const mostKnown = 12;

type Props = {
  query: string;
  /** Takes what makes the filter. */
  onFound: (make: () => SpotlightFilterFunction) => void;
};

/** Asks the server for what has some words, and hands on a filter that knows it; draws nothing. */
export function Found({ query, onFound }: Props) {
  const router = useRouter();
  const [asked] = useDebouncedValue(query.trim().toLowerCase(), 250);
  const { data: hits } = useQuery({
    queryKey: ["search", asked],
    queryFn: ({ signal }) =>
      get<Hit[]>(`/api/search?limit=50&q=${encodeURIComponent(asked)}`, { signal }),
    enabled: asked.length > 2,
    staleTime: 10_000,
  });
  useEffect(() => {
    const groups = kinds.map(({ type, group, icon: Icon, path }) => ({
      group,
      actions: (hits ?? [])
        .filter((hit) => hit.type === type)
        .map(
          (hit): SpotlightActionData => ({
            id: hit.id,
            label: hit.name,
            description: aboutHit(hit),
            leftSection: <Icon size={18} stroke={1.7} />,
            onClick: () => router.history.push(path(hit.id)),
          }),
        ),
    }));
    onFound(() => (now, actions) => {
      const typed = now.trim().toLowerCase();
      const known = fitting(typed, actions as SpotlightActionGroupData[]);
      return typed === asked ? [...known, ...besides(known, groups)] : known;
    });
  }, [hits, asked, router, onFound]);
  return null;
}

/** What the browser knows that has some words; groups with one that is called so come first. */
function fitting(words: string, groups: SpotlightActionGroupData[]): SpotlightActionGroupData[] {
  const has = (text = "") => text.toLowerCase().includes(words);
  const named = ({ label }: SpotlightActionData) => Number(has(label));
  let room = mostKnown;
  return groups
    .map(({ group, actions }) => ({
      group,
      actions: actions
        .filter(
          ({ label, description, keywords }) =>
            has(label) || has(description) || [keywords ?? []].flat().some(has),
        )
        .sort((a, b) => named(b) - named(a)),
    }))
    .filter(({ actions }) => actions.length > 0)
    .sort((a, b) => Math.max(...b.actions.map(named)) - Math.max(...a.actions.map(named)))
    .map(({ group, actions }) => {
      const shown = actions.slice(0, room);
      room -= shown.length;
      return { group, actions: shown };
    })
    .filter(({ actions }) => actions.length > 0);
}

/** Of what was found the first of each kind that are not known. */
function besides(known: SpotlightActionGroupData[], found: SpotlightActionGroupData[]) {
  const ids = new Set(known.flatMap(({ actions }) => actions.map(({ id }) => id)));
  return found
    .map(({ group, actions }) => ({
      group,
      actions: actions.filter(({ id }) => !ids.has(id)).slice(0, most),
    }))
    .filter(({ actions }) => actions.length > 0);
}

function aboutHit({ type, id, description = "", meta = {} }: Hit): string {
  if (type === "run") return `${shortId(id)}, ${meta.status ?? ""}`;
  if (type === "issue") return [description, meta.state].filter(Boolean).join(", ");
  return description;
}
