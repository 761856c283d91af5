import { Button } from "@mantine/core";
import { IconKey, IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { servicesQuery } from "../../lib/queries";
import { useMay } from "../../lib/session";
import { Page, PageHeader, Panel } from "../../ui/page";
import { EmptyState, ErrorState, LoadingRows } from "../../ui/states";
import { KeyTable } from "./key-table";
import { NewKeyDialog } from "./new-key-dialog";

const route = getRouteApi("/shell/admin/keys");

/** The tokens by which other programs use the API. */
export function KeysPage() {
  const services = useQuery(servicesQuery);
  const may = useMay();
  const { create } = route.useSearch();
  const navigate = route.useNavigate();
  const open = (dialog?: "token") => void navigate({ search: dialog ? { create: dialog } : {} });
  const make = may("services.manage") && (
    <Button leftSection={<IconPlus size={16} />} onClick={() => open("token")}>
      Create API Token
    </Button>
  );
  return (
    <Page title="API tokens">
      <PageHeader title="API tokens" actions={services.data?.length ? make : null} />
      <Panel>
        {services.isPending && <LoadingRows rows={5} />}
        {services.isError && (
          <ErrorState error={services.error} onRetry={() => void services.refetch()} />
        )}
        {services.data?.length === 0 && (
          <EmptyState icon={IconKey} title="No API token yet" action={make}>
            A token lets a program, such as a scheduler or a script, use the API with permissions of
            its own, and without anybody's password.
          </EmptyState>
        )}
        {services.data && services.data.length > 0 && <KeyTable services={services.data} />}
      </Panel>
      <NewKeyDialog opened={create === "token"} onClose={() => open()} />
    </Page>
  );
}
