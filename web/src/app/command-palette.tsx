import "@mantine/spotlight/styles.css";
import { Spotlight, type SpotlightActionGroupData } from "@mantine/spotlight";
import {
  IconFileImport,
  IconHistory,
  IconSearch,
  IconSitemap,
  IconUser,
} from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { pipelineHealthQuery } from "../lib/queries";
import { useMay } from "../lib/session";
import classes from "./command-palette.module.css";
import { pages as allPages, useAdminPages } from "./pages";

/** Goes to any page or pipeline by a few letters of its name. */
export function CommandPalette() {
  const navigate = useNavigate();
  const may = useMay();
  const { data: pipelines = [] } = useQuery(pipelineHealthQuery);
  const adminPages = useAdminPages();
  const pages: SpotlightActionGroupData = {
    group: "Pages",
    actions: [
      ...[...allPages, ...adminPages].map(({ to, label, icon: Icon }) => ({
        id: `page-${to}`,
        label,
        leftSection: <Icon size={18} stroke={1.7} />,
        onClick: () => void navigate({ to }),
      })),
      {
        id: "page-failed",
        label: "Failed runs",
        leftSection: <IconHistory size={18} stroke={1.7} />,
        onClick: () => void navigate({ to: "/runs", search: { status: "failed" } }),
      },
      {
        id: "page-profile",
        label: "Profile",
        keywords: ["password", "sessions"],
        leftSection: <IconUser size={18} stroke={1.7} />,
        onClick: () => void navigate({ to: "/profile" }),
      },
    ],
  };
  const create: SpotlightActionGroupData = {
    group: "Create",
    actions: [
      {
        id: "create-template",
        label: "New pipeline from an example",
        leftSection: <IconSitemap size={18} stroke={1.7} />,
        onClick: () => void navigate({ to: "/pipelines", search: { create: "template" } }),
      },
      {
        id: "create-import",
        label: "Import a pipeline",
        leftSection: <IconFileImport size={18} stroke={1.7} />,
        onClick: () => void navigate({ to: "/pipelines", search: { create: "import" } }),
      },
    ],
  };
  const known: SpotlightActionGroupData = {
    group: "Pipelines",
    actions: pipelines.map((pipeline) => ({
      id: pipeline.id,
      label: pipeline.name,
      ...(pipeline.description ? { description: pipeline.description } : {}),
      keywords: pipeline.tags ?? [],
      leftSection: <IconSitemap size={18} stroke={1.7} />,
      onClick: () =>
        void navigate({ to: "/pipelines/$pipelineId", params: { pipelineId: pipeline.id } }),
    })),
  };
  return (
    <Spotlight
      actions={[pages, ...(may("pipelines.create") ? [create] : []), known]}
      shortcut={["mod + K"]}
      centered={false}
      yOffset="12vh"
      overlayProps={{ blur: 0, backgroundOpacity: 0.35 }}
      attributes={{ content: { "aria-label": "Go to a page or a pipeline" } }}
      classNames={{ actionDescription: classes.description ?? "" }}
      limit={12}
      scrollable
      maxHeight={420}
      nothingFound="Nothing has that name"
      searchProps={{
        leftSection: <IconSearch size={18} stroke={1.7} />,
        placeholder: "Where to?",
        "aria-label": "Search pages and pipelines",
      }}
    />
  );
}
