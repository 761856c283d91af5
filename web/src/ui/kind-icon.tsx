import {
  IconApi,
  IconArrowsJoin,
  IconArrowsShuffle,
  IconArrowsSort,
  IconBell,
  IconBrandPython,
  IconChecklist,
  IconCode,
  IconColumns3,
  IconCopyMinus,
  IconDatabase,
  IconDatabaseImport,
  IconFileExport,
  IconFileImport,
  IconFilter,
  IconGitBranch,
  type IconProps,
  IconSql,
  IconSum,
  IconTransform,
} from "@tabler/icons-react";
import type { ComponentType } from "react";

/** First word found in the name of the icon or the type decides; the order matters. */
const byWord: readonly [string, ComponentType<IconProps>][] = [
  ["python", IconBrandPython],
  ["filter", IconFilter],
  ["join", IconArrowsJoin],
  ["aggregate", IconSum],
  ["sum", IconSum],
  ["sort", IconArrowsSort],
  ["dedup", IconCopyMinus],
  ["condition", IconGitBranch],
  ["branch", IconGitBranch],
  ["quality", IconChecklist],
  ["check", IconChecklist],
  ["sql", IconSql],
  ["api", IconApi],
  ["http", IconApi],
  ["globe", IconApi],
  ["sink_db", IconDatabaseImport],
  ["database", IconDatabase],
  ["db", IconDatabase],
  ["sink_file", IconFileExport],
  ["download", IconFileExport],
  ["file", IconFileImport],
  ["column", IconColumns3],
  ["code", IconCode],
  ["script", IconCode],
  ["notify", IconBell],
  ["bell", IconBell],
  ["transform", IconTransform],
  ["wand", IconTransform],
];

const kindColours: Record<string, string> = {
  source: "var(--kind-source)",
  transform: "var(--kind-transform)",
  quality: "var(--kind-quality)",
  sink: "var(--kind-sink)",
};

/** The colour of a category of nodes. */
export function kindColour(category: string): string {
  return kindColours[category] ?? "var(--kind-other)";
}

type Props = { type: string; icon?: string | undefined; size?: number };

/** The sign of a kind of node. */
export function KindIcon({ type, icon = "", size = 18 }: Props) {
  const found =
    byWord.find(([word]) => type.includes(word)) ?? byWord.find(([word]) => icon.includes(word));
  const Icon = found?.[1] ?? IconArrowsShuffle;
  return <Icon size={size} stroke={1.7} aria-hidden="true" />;
}
