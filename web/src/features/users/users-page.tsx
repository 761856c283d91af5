import { Button } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconKey, IconUserPlus, IconUsers } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { usersQuery } from "../../lib/queries";
import { useMay } from "../../lib/session";
import { LinkButton } from "../../ui/links";
import { Page, PageHeader, Panel } from "../../ui/page";
import { EmptyState, ErrorState, LoadingRows } from "../../ui/states";
import { NewUserDialog } from "./new-user-dialog";
import { UserTable } from "./user-table";

/** Every account: who it is, what it may do, and the means to change that. */
export function UsersPage() {
  const users = useQuery(usersQuery);
  const may = useMay();
  const [making, dialog] = useDisclosure(false);
  const make = may("settings.manage_users") && (
    <Button leftSection={<IconUserPlus size={16} />} onClick={dialog.open}>
      Make an account
    </Button>
  );
  const token = may("services.manage") && (
    <LinkButton
      to="/admin/keys"
      search={{ create: "token" }}
      variant="default"
      leftSection={<IconKey size={16} />}
    >
      Create API Token
    </LinkButton>
  );
  return (
    <Page title="Users">
      <PageHeader
        title="Users"
        actions={
          users.data?.length ? (
            <>
              {token}
              {make}
            </>
          ) : null
        }
      />
      <Panel>
        {users.isPending && <LoadingRows rows={5} />}
        {users.isError && <ErrorState error={users.error} onRetry={() => void users.refetch()} />}
        {users.data?.length === 0 && (
          <EmptyState icon={IconUsers} title="No account yet" action={make}>
            Until there is one, anyone on this machine can use this server.
          </EmptyState>
        )}
        {users.data && users.data.length > 0 && <UserTable users={users.data} />}
      </Panel>
      <NewUserDialog opened={making} onClose={dialog.close} />
    </Page>
  );
}
