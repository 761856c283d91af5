import { Button, TextInput } from "@mantine/core";
import { IconFileImport, IconPlus, IconSearch, IconSitemap } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { PipelineHealth } from "../../lib/model";
import { pipelineHealthQuery } from "../../lib/queries";
import { useMay } from "../../lib/session";
import { Page, PageHeader, Panel } from "../../ui/page";
import { useRunLauncher } from "../../ui/run-launcher";
import { EmptyState, ErrorState, LoadingRows } from "../../ui/states";
import { filterPipelines, tagsOf } from "./filter";
import { ImportDialog } from "./import-dialog";
import { PipelineTable } from "./pipeline-table";
import classes from "./pipelines.module.css";
import { TagFilter } from "./tag-filter";
import { TemplateDialog } from "./template-dialog";

const route = getRouteApi("/shell/pipelines");

/** Every pipeline, how its runs went, and the ways to make a new one. */
export function PipelinesPage() {
  const pipelines = useQuery(pipelineHealthQuery);
  const { create } = route.useSearch();
  const navigate = route.useNavigate();
  const open = (dialog: "template" | "import" | undefined) =>
    void navigate({
      search: ({ create: _, ...old }) => (dialog ? { ...old, create: dialog } : old),
    });
  return (
    <Page title="Pipelines">
      <PageHeader
        title="Pipelines"
        actions={<CreateButtons onOpen={open} shown={Boolean(pipelines.data?.length)} />}
      />
      <Panel>
        {pipelines.isPending && <LoadingRows rows={8} />}
        {pipelines.isError && (
          <ErrorState error={pipelines.error} onRetry={() => void pipelines.refetch()} />
        )}
        {pipelines.data?.length === 0 && <NoPipelines onOpen={open} />}
        {pipelines.data && pipelines.data.length > 0 && <Listing pipelines={pipelines.data} />}
      </Panel>
      <TemplateDialog opened={create === "template"} onClose={() => open(undefined)} />
      <ImportDialog opened={create === "import"} onClose={() => open(undefined)} />
    </Page>
  );
}

type CreateProps = { onOpen: (dialog: "template" | "import") => void };

function CreateButtons({ onOpen, shown }: CreateProps & { shown: boolean }) {
  const may = useMay();
  const navigate = route.useNavigate();
  if (!shown || !may("pipelines.create")) return null;
  return (
    <>
      <Button
        variant="default"
        leftSection={<IconFileImport size={16} />}
        onClick={() => onOpen("import")}
      >
        Import
      </Button>
      <Button variant="default" onClick={() => onOpen("template")}>
        New from example
      </Button>
      <Button
        leftSection={<IconPlus size={16} />}
        onClick={() => void navigate({ to: "/pipelines/new" })}
      >
        New pipeline
      </Button>
    </>
  );
}

function NoPipelines({ onOpen }: CreateProps) {
  const may = useMay();
  const navigate = route.useNavigate();
  if (!may("pipelines.create")) {
    return (
      <EmptyState icon={IconSitemap} title="No pipelines yet">
        When somebody who may create pipelines has made one, it shows up here.
      </EmptyState>
    );
  }
  return (
    <EmptyState
      icon={IconSitemap}
      title="No pipelines yet"
      action={
        <div className={classes.buttons}>
          <Button leftSection={<IconPlus size={16} />} onClick={() => onOpen("template")}>
            Start from an example
          </Button>
          <Button variant="default" onClick={() => void navigate({ to: "/pipelines/new" })}>
            Draw a new one
          </Button>
          <Button
            variant="default"
            leftSection={<IconFileImport size={16} />}
            onClick={() => onOpen("import")}
          >
            Import a file
          </Button>
        </div>
      }
    >
      The examples run as they are, on data that comes with the server: pick one, press Run, and see
      every step.
    </EmptyState>
  );
}

function Listing({ pipelines }: { pipelines: PipelineHealth[] }) {
  const { q = "", tag } = route.useSearch();
  const navigate = route.useNavigate();
  const { launch, dialog } = useRunLauncher();
  const shown = filterPipelines(pipelines, q, tag);
  const search = (words: string) =>
    void navigate({
      replace: true,
      search: ({ q: _, ...old }) => (words ? { ...old, q: words } : old),
    });
  return (
    <>
      <div className={classes.filters}>
        <TextInput
          className={classes.search ?? ""}
          size="xs"
          aria-label="Search pipelines"
          placeholder="Search by name, description or tag"
          leftSection={<IconSearch size={15} />}
          value={q}
          onChange={(event) => search(event.currentTarget.value)}
        />
        <TagFilter
          tags={tagsOf(pipelines)}
          chosen={tag}
          onChoose={(next) =>
            void navigate({
              search: ({ tag: _, ...old }) => (next ? { ...old, tag: next } : old),
            })
          }
        />
        <span className={classes.count}>
          {shown.length === pipelines.length
            ? `${pipelines.length} in all`
            : `${shown.length} of ${pipelines.length}`}
        </span>
      </div>
      {shown.length === 0 ? (
        <EmptyState
          icon={IconSearch}
          title="No pipeline fits"
          action={
            <Button variant="default" onClick={() => void navigate({ search: {} })}>
              Show all
            </Button>
          }
        >
          Nothing has these words in its name, description or tags.
        </EmptyState>
      ) : (
        <PipelineTable pipelines={shown} onRun={(id) => void launch(id)} />
      )}
      {dialog}
    </>
  );
}
