import { Badge, Button, Skeleton, Tabs } from "@mantine/core";
import {
  IconAdjustments,
  IconBolt,
  IconCalendarRepeat,
  IconCode,
  IconFlask,
  IconGitCommit,
  IconHistory,
  IconPencil,
  IconPlayerPlayFilled,
  IconSitemap,
} from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import type { Pipeline } from "../../lib/model";
import { pipelineQuery } from "../../lib/queries";
import { useMay } from "../../lib/session";
import { TextLink } from "../../ui/links";
import { Page, PageHeader, Panel } from "../../ui/page";
import { PipelineMenu } from "../../ui/pipeline-menu";
import { RelativeTime } from "../../ui/relative-time";
import { useRunLauncher } from "../../ui/run-launcher";
import { ErrorState, LoadingRows } from "../../ui/states";
import { CanvasTab } from "./canvas-tab";
import classes from "./pipeline.module.css";
import { RunsTab } from "./runs-tab";
import { ScheduleList } from "./schedule-list";
import { type Trying, useTry } from "./use-try";
import { VersionsTab } from "./versions-tab";
import { YamlTab } from "./yaml-tab";

const BackfillsTab = lazy(() =>
  import("./backfills-tab").then((module) => ({ default: module.BackfillsTab })),
);
const SettingsTab = lazy(() =>
  import("./settings-tab").then((module) => ({ default: module.SettingsTab })),
);
const TriggersTab = lazy(() =>
  import("./triggers-tab").then((module) => ({ default: module.TriggersTab })),
);

const route = getRouteApi("/shell/pipelines/$pipelineId");

/** One pipeline: how it is drawn, what ran, how it changed. */
export function PipelinePage() {
  const { pipelineId } = route.useParams();
  const pipeline = useQuery(pipelineQuery(pipelineId));
  if (pipeline.isError && !pipeline.data) {
    return (
      <Page title="Pipeline" fill>
        <Panel>
          <ErrorState error={pipeline.error} onRetry={() => void pipeline.refetch()} />
        </Panel>
      </Page>
    );
  }
  return (
    <Page title={pipeline.data?.name ?? "Pipeline"} fill>
      {pipeline.data ? (
        <PipelineView pipeline={pipeline.data} />
      ) : (
        <div className={classes.loading} role="status" aria-label="Loading">
          <Skeleton height={28} width={280} />
          <Skeleton height={16} width={420} />
          <Skeleton className={classes.grow ?? ""} radius={10} />
        </div>
      )}
    </Page>
  );
}

function PipelineView({ pipeline }: { pipeline: Pipeline }) {
  const navigate = route.useNavigate();
  // What is tried is shown on the canvas, so that is where one goes.
  const trying = useTry(
    pipeline,
    () => void navigate({ replace: true, search: ({ node }) => (node ? { node } : {}) }),
  );
  return (
    <>
      <Header pipeline={pipeline} trying={trying} />
      <PipelineTabs pipeline={pipeline} trying={trying} />
      {trying.dialog}
    </>
  );
}

type ViewProps = { pipeline: Pipeline; trying: Trying };

function Header({ pipeline, trying }: ViewProps) {
  const may = useMay();
  const navigate = route.useNavigate();
  const { launch, dialog, starting } = useRunLauncher();
  return (
    <>
      <PageHeader
        title={pipeline.name}
        lead={
          <TextLink to="/pipelines" inherit>
            Pipelines
          </TextLink>
        }
        facts={<Facts pipeline={pipeline} />}
        actions={
          <>
            {may("pipelines.edit") && (
              <Button
                variant="default"
                leftSection={<IconPencil size={16} />}
                onClick={() =>
                  void navigate({
                    to: "/pipelines/$pipelineId/edit",
                    params: { pipelineId: pipeline.id },
                  })
                }
              >
                Edit
              </Button>
            )}
            {may("pipelines.run") && pipeline.nodes.length > 0 && (
              <Button
                variant="default"
                leftSection={<IconFlask size={16} />}
                loading={trying.trying !== undefined}
                onClick={trying.ask}
              >
                Try
              </Button>
            )}
            {may("pipelines.run") && (
              <Button
                leftSection={<IconPlayerPlayFilled size={14} />}
                loading={starting}
                onClick={() => void launch(pipeline.id)}
              >
                Run
              </Button>
            )}
            <PipelineMenu
              id={pipeline.id}
              name={pipeline.name}
              onDeleted={() => void navigate({ to: "/pipelines" })}
            />
          </>
        }
      />
      {dialog}
    </>
  );
}

function Facts({ pipeline }: { pipeline: Pipeline }) {
  const { description, version, updated_at, schedule, schedules, tags, draft, params } = pipeline;
  const limits = limitsOf(pipeline);
  return (
    <>
      {draft && (
        <Badge size="sm" variant="outline" color="gray" tt="none" c="var(--text-soft)">
          Draft
        </Badge>
      )}
      {description && <bdi className={classes.description}>{description}</bdi>}
      {(schedule || schedules?.length) && <ScheduleList pipeline={pipeline} />}
      {limits && <span>{limits}</span>}
      <span>
        Version {version}, changed <RelativeTime at={updated_at} />
      </span>
      {Object.entries(params ?? {}).map(([name, value]) => (
        <span key={name} className={classes.param}>
          {name} = <bdi>{value}</bdi>
        </span>
      ))}
      {tags && tags.length > 0 && (
        <span className={classes.tags}>
          {tags.map((tag) => (
            <Badge key={tag} size="sm" variant="default" radius="sm" tt="none" fw={500}>
              {tag}
            </Badge>
          ))}
        </span>
      )}
    </>
  );
}

/** When runs of the pipeline may start, in words; empty when nothing keeps them. */
function limitsOf({
  max_active_runs,
  overlap,
  pool,
  label,
  priority,
  on_restart,
}: Pipeline): string {
  const most = max_active_runs ?? 0;
  const words = [
    most > 0 && `at most ${most} ${most === 1 ? "run" : "runs"} at once`,
    overlap === "skip" && "skips runs that overlap",
    overlap === "cancel_previous" && "a new run cancels the one before",
    pool && `pool ${pool}`,
    label && `needs a worker with label ${label}`,
    priority && `priority ${priority}`,
    on_restart === "restart" && "begins anew when the server has stopped",
    on_restart === "fail" && "fails when the server stops",
  ];
  return words.filter(Boolean).join(", ");
}

function PipelineTabs({ pipeline, trying }: ViewProps) {
  const { tab } = route.useSearch();
  const navigate = route.useNavigate();
  const choose = (value: string | null) => {
    const next = (["runs", "settings", "backfills", "triggers", "versions", "yaml"] as const).find(
      (one) => one === value,
    );
    void navigate({ search: next ? { tab: next } : {} });
  };
  return (
    <Tabs
      value={tab ?? "canvas"}
      onChange={choose}
      keepMounted={false}
      classNames={{ root: classes.tabs ?? "", panel: classes.tabPanel ?? "" }}
    >
      <Tabs.List>
        <Tabs.Tab value="canvas" leftSection={<IconSitemap size={16} />}>
          Canvas
        </Tabs.Tab>
        <Tabs.Tab value="runs" leftSection={<IconHistory size={16} />}>
          Runs
        </Tabs.Tab>
        <Tabs.Tab value="settings" leftSection={<IconAdjustments size={16} />}>
          Settings
        </Tabs.Tab>
        <Tabs.Tab value="backfills" leftSection={<IconCalendarRepeat size={16} />}>
          Backfills
        </Tabs.Tab>
        <Tabs.Tab value="triggers" leftSection={<IconBolt size={16} />}>
          Triggers
        </Tabs.Tab>
        <Tabs.Tab value="versions" leftSection={<IconGitCommit size={16} />}>
          Versions
        </Tabs.Tab>
        <Tabs.Tab value="yaml" leftSection={<IconCode size={16} />}>
          YAML
        </Tabs.Tab>
      </Tabs.List>
      <Tabs.Panel value="canvas">
        <CanvasTab pipeline={pipeline} trying={trying} />
      </Tabs.Panel>
      <Tabs.Panel value="runs">
        <RunsTab pipelineId={pipeline.id} />
      </Tabs.Panel>
      <Tabs.Panel value="settings">
        <Suspense fallback={<LoadingRows rows={4} height={48} />}>
          <SettingsTab key={pipeline.id} pipeline={pipeline} />
        </Suspense>
      </Tabs.Panel>
      <Tabs.Panel value="backfills">
        <Suspense fallback={<LoadingRows rows={4} height={48} />}>
          <BackfillsTab pipeline={pipeline} />
        </Suspense>
      </Tabs.Panel>
      <Tabs.Panel value="triggers">
        <Suspense fallback={<LoadingRows rows={3} />}>
          <TriggersTab pipeline={pipeline} />
        </Suspense>
      </Tabs.Panel>
      <Tabs.Panel value="versions">
        <VersionsTab pipeline={pipeline} />
      </Tabs.Panel>
      <Tabs.Panel value="yaml">
        <YamlTab pipelineId={pipeline.id} />
      </Tabs.Panel>
    </Tabs>
  );
}
