import { Button, UnstyledButton } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconArrowBackUp, IconGitCommit } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useRollback } from "../../lib/commands";
import type { Pipeline, PipelineVersion } from "../../lib/model";
import { versionsQuery } from "../../lib/queries";
import { useMay } from "../../lib/session";
import { ConfirmDialog } from "../../ui/confirm-dialog";
import { notifyDone } from "../../ui/notify";
import { Panel } from "../../ui/page";
import { RelativeTime } from "../../ui/relative-time";
import { EmptyState, ErrorState, LoadingRows } from "../../ui/states";
import { pickComparison } from "./comparison";
import { VersionDiff } from "./version-diff";
import classes from "./versions.module.css";

const route = getRouteApi("/shell/pipelines/$pipelineId");

/** Every saved version, what changed between two of them, and the way back to one. */
export function VersionsTab({ pipeline }: { pipeline: Pipeline }) {
  const versions = useQuery(versionsQuery(pipeline.id));
  return (
    <Panel className={classes.panel ?? ""}>
      {versions.isPending && <LoadingRows rows={6} />}
      {versions.isError && (
        <ErrorState error={versions.error} onRetry={() => void versions.refetch()} />
      )}
      {versions.data?.length === 0 && (
        <EmptyState icon={IconGitCommit} title="No versions are kept yet">
          Every time the pipeline is saved, a version of it is kept here.
        </EmptyState>
      )}
      {versions.data && versions.data.length > 0 && (
        <Versions pipeline={pipeline} versions={versions.data} />
      )}
    </Panel>
  );
}

function Versions({ pipeline, versions }: { pipeline: Pipeline; versions: PipelineVersion[] }) {
  const { from, to } = route.useSearch();
  const navigate = route.useNavigate();
  const chosen = pickComparison(versions, from, to);
  return (
    <div className={classes.split}>
      <ul className={classes.list}>
        {versions.map((version) => (
          <li key={version.version}>
            <UnstyledButton
              className={classes.version ?? ""}
              aria-pressed={version.version === chosen.to}
              onClick={() =>
                void navigate({
                  replace: true,
                  search: { tab: "versions", to: version.version },
                })
              }
            >
              <span className={classes.number}>
                {version.version}
                {version.version === pipeline.version && (
                  <span className={classes.current}>now</span>
                )}
              </span>
              <bdi className={classes.message}>{version.message || "Saved"}</bdi>
              <span className={classes.soft}>
                {version.author && <bdi>{version.author}, </bdi>}
                <RelativeTime at={version.created_at} />
              </span>
            </UnstyledButton>
          </li>
        ))}
      </ul>
      <div className={classes.detail}>
        <VersionDiff
          pipelineId={pipeline.id}
          versions={versions}
          from={chosen.from}
          to={chosen.to}
          onAgainst={(version) =>
            void navigate({
              replace: true,
              search: { tab: "versions", from: version, to: chosen.to },
            })
          }
          action={
            chosen.to !== pipeline.version && (
              <RollbackButton pipeline={pipeline} version={chosen.to} />
            )
          }
        />
      </div>
    </div>
  );
}

function RollbackButton({ pipeline, version }: { pipeline: Pipeline; version: number }) {
  const may = useMay();
  const rollback = useRollback();
  const [asking, dialog] = useDisclosure(false);
  if (!may("pipelines.edit")) return null;
  const restore = () =>
    rollback.mutate(
      { id: pipeline.id, version },
      {
        onSuccess: () => {
          dialog.close();
          notifyDone(`“${pipeline.name}” is again as it was in version ${version}.`);
        },
      },
    );
  return (
    <>
      <Button
        size="xs"
        variant="default"
        leftSection={<IconArrowBackUp size={15} />}
        onClick={dialog.open}
      >
        Go back to version {version}
      </Button>
      <ConfirmDialog
        opened={asking}
        title={`Go back to version ${version}?`}
        confirmLabel="Go back"
        pending={rollback.isPending}
        error={rollback.error}
        onConfirm={restore}
        onClose={dialog.close}
      >
        The pipeline becomes as it was in version {version}, as a new version after{" "}
        {pipeline.version}. Nothing is lost: version {pipeline.version} stays in the list.
      </ConfirmDialog>
    </>
  );
}
