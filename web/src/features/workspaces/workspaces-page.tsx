import { Button } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconPlus, IconStack2 } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { workspacesQuery } from "../../lib/queries";
import { useMay } from "../../lib/session";
import { Page, PageHeader, Panel } from "../../ui/page";
import { EmptyState, ErrorState, LoadingRows } from "../../ui/states";
import { NewWorkspaceDialog } from "./new-workspace-dialog";
import { WorkspaceTable } from "./workspace-table";

/** The workspaces that the caller belongs to, and who else does. */
export function WorkspacesPage() {
  const workspaces = useQuery(workspacesQuery);
  const may = useMay();
  const [making, dialog] = useDisclosure(false);
  const make = may("workspaces.create") && (
    <Button leftSection={<IconPlus size={16} />} onClick={dialog.open}>
      Make a workspace
    </Button>
  );
  return (
    <Page title="Workspaces">
      <PageHeader title="Workspaces" actions={workspaces.data?.length ? make : null} />
      <Panel>
        {workspaces.isPending && <LoadingRows rows={3} />}
        {workspaces.isError && (
          <ErrorState error={workspaces.error} onRetry={() => void workspaces.refetch()} />
        )}
        {workspaces.data?.length === 0 && (
          <EmptyState icon={IconStack2} title="You belong to no workspace" action={make}>
            A workspace has pipelines, runs and tokens of its own. Ask an administrator to add you
            to one.
          </EmptyState>
        )}
        {workspaces.data && workspaces.data.length > 0 && (
          <WorkspaceTable workspaces={workspaces.data} />
        )}
      </Panel>
      <NewWorkspaceDialog opened={making} onClose={dialog.close} />
    </Page>
  );
}
