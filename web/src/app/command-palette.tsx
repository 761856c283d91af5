import "@mantine/spotlight/styles.css";
import {
  Spotlight,
  type SpotlightActionGroupData,
  type SpotlightFilterFunction,
} from "@mantine/spotlight";
import {
  IconFileImport,
  IconHistory,
  IconPlus,
  IconSearch,
  IconSitemap,
  IconUser,
} from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { pipelineHealthQuery } from "../lib/queries";
import { useMay } from "../lib/session";
import classes from "./command-palette.module.css";
import { pages as allPages, useAdminPages } from "./pages";

const Found = lazy(() => import("./found").then(({ Found }) => ({ default: Found })));

/** Goes to any page or pipeline by a few letters of its name, and to what the server finds by more. */
export function CommandPalette() {
  const navigate = useNavigate();
  const may = useMay();
  const { data: pipelines = [] } = useQuery(pipelineHealthQuery);
  const adminPages = useAdminPages();
  const [query, setQuery] = useState("");
  const [filter, setFilter] = useState<SpotlightFilterFunction>();
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
        id: "create-blank",
        label: "New pipeline",
        leftSection: <IconPlus size={18} stroke={1.7} />,
        onClick: () => void navigate({ to: "/pipelines/new" }),
      },
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
    <>
      {query.length > 2 && (
        <Suspense fallback={null}>
          <Found query={query} onFound={setFilter} />
        </Suspense>
      )}
      <Spotlight
        actions={[pages, ...(may("pipelines.create") ? [create] : []), known]}
        shortcut={["mod + K"]}
        centered={false}
        yOffset="12vh"
        overlayProps={{ blur: 0, backgroundOpacity: 0.35 }}
        attributes={{ content: { "aria-label": "Go to a page or a pipeline" } }}
        classNames={{ actionDescription: classes.description ?? "" }}
        {...(filter && { filter })}
        onQueryChange={setQuery}
        limit={filter ? 40 : 12}
        scrollable
        maxHeight={420}
        nothingFound="Nothing has that name"
        searchProps={{
          leftSection: <IconSearch size={18} stroke={1.7} />,
          placeholder: "Where to?",
          "aria-label": "Search pages and pipelines",
        }}
      />
    </>
  );
}
