import {
  IconAddressBook,
  IconApi,
  IconArrowsJoin,
  IconArrowsShuffle,
  IconArrowsSort,
  IconBell,
  IconBoxAlignTop,
  IconBrandPython,
  IconCalendar,
  IconChartLine,
  IconChecklist,
  IconClock,
  IconCloudDownload,
  IconCloudRain,
  IconCloudUpload,
  IconCode,
  IconColumns3,
  IconCopyMinus,
  IconDatabase,
  IconDice3,
  IconFileExport,
  IconFileImport,
  IconFilter,
  IconGitBranch,
  IconHammer,
  IconLayersUnion,
  IconMap,
  IconPlane,
  type IconProps,
  IconRepeat,
  IconSitemap,
  IconSql,
  IconSum,
  IconTableColumn,
  IconTableRow,
  IconTerminal2,
  IconWand,
  IconWebhook,
} from "@tabler/icons-react";
import type { ComponentType } from "react";

/** The icons that the server names, for node kinds and for examples. */
export const icons: Record<string, ComponentType<IconProps>> = {
  api: IconApi,
  bell: IconBell,
  branch: IconGitBranch,
  calendar: IconCalendar,
  checklist: IconChecklist,
  "cloud-download": IconCloudDownload,
  "cloud-rain": IconCloudRain,
  "cloud-upload": IconCloudUpload,
  clock: IconClock,
  code: IconCode,
  columns: IconColumns3,
  contacts: IconAddressBook,
  webhook: IconWebhook,
  database: IconDatabase,
  dedupe: IconCopyMinus,
  dice: IconDice3,
  "file-input": IconFileImport,
  "file-output": IconFileExport,
  filter: IconFilter,
  hammer: IconHammer,
  join: IconArrowsJoin,
  limit: IconBoxAlignTop,
  map: IconMap,
  nested: IconSitemap,
  pivot: IconTableColumn,
  plane: IconPlane,
  python: IconBrandPython,
  repeat: IconRepeat,
  sort: IconArrowsSort,
  sql: IconSql,
  sum: IconSum,
  terminal: IconTerminal2,
  union: IconLayersUnion,
  unpivot: IconTableRow,
  wand: IconWand,
  window: IconChartLine,
};

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

type Props = { icon: string | undefined; size?: number };

/** The icon of a kind of node or of an example, by the name the server gives it. */
export function KindIcon({ icon = "", size = 18 }: Props) {
  const Icon = icons[icon] ?? IconArrowsShuffle;
  return <Icon size={size} stroke={1.7} aria-hidden="true" />;
}
