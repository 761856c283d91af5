import { Button } from "@mantine/core";
import { IconShieldCheck } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { auditQuery } from "../../lib/queries";
import { KeysetPager } from "../../ui/keyset-pager";
import { Page, PageHeader, Panel } from "../../ui/page";
import { EmptyState, ErrorState, LoadingRows } from "../../ui/states";
import { AuditTable } from "./audit-table";
import { EntryDialog } from "./entry-dialog";
import { FilterForm } from "./filter-form";
import { useVerification } from "./verification";

const route = getRouteApi("/shell/admin/audit");

/** Who did what, from where and when, and the proof that nobody rewrote it. */
export function AuditPage() {
  const { entry, ...filter } = route.useSearch();
  const { after, ...narrowed } = filter;
  const navigate = route.useNavigate();
  const log = useQuery({ ...auditQuery(filter), placeholderData: keepPreviousData });
  const verification = useVerification();
  const entries = log.data?.items ?? [];
  const filtered = Object.keys(narrowed).length > 0;
  return (
    <Page title="Audit log">
      <PageHeader title="Audit log" actions={log.isSuccess && verification.button} />
      {verification.result}
      <Panel>
        <FilterForm key={JSON.stringify(narrowed)} filter={narrowed} />
        {log.isPending && <LoadingRows rows={10} height={28} />}
        {log.isError && <ErrorState error={log.error} onRetry={() => void log.refetch()} />}
        {log.isSuccess && entries.length === 0 && <NothingFound filtered={filtered} />}
        {log.isSuccess && entries.length > 0 && <AuditTable entries={entries} />}
        <KeysetPager
          page={log.data}
          first={after === undefined}
          onFirst={() => void navigate({ search: narrowed })}
          onNext={(cursor) => void navigate({ search: { ...narrowed, after: cursor } })}
        />
      </Panel>
      <EntryDialog
        entry={entries.find(({ seq }) => seq === entry)}
        onClose={() => void navigate({ search: filter })}
      />
    </Page>
  );
}

function NothingFound({ filtered }: { filtered: boolean }) {
  const navigate = route.useNavigate();
  return filtered ? (
    <EmptyState
      icon={IconShieldCheck}
      title="Nothing in the log fits"
      action={
        <Button variant="default" onClick={() => void navigate({ search: {} })}>
          Show all
        </Button>
      }
    >
      Event and actor are compared as a whole, such as pipeline_deleted.
    </EmptyState>
  ) : (
    <EmptyState icon={IconShieldCheck} title="Nothing was logged yet">
      Sign-ins, changes of accounts, tokens and pipelines, and started runs show up here.
    </EmptyState>
  );
}
