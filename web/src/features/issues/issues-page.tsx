import { Button } from "@mantine/core";
import { IconCircleCheck } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { issuesQuery, meQuery } from "../../lib/queries";
import { KeysetPager } from "../../ui/keyset-pager";
import { Page, PageHeader, Panel } from "../../ui/page";
import { EmptyState, ErrorState, LoadingRows } from "../../ui/states";
import { IssueFilters } from "./issue-filters";
import { IssueTable } from "./issue-table";

const route = getRouteApi("/shell/issues");

/** What somebody should look at, newest first. */
export function IssuesPage() {
  const { after, ...filter } = route.useSearch();
  const navigate = route.useNavigate();
  const { data: me } = useQuery(meQuery);
  const issues = useQuery({
    ...issuesQuery({ ...filter, ...(after && { after }) }),
    placeholderData: keepPreviousData,
  });
  const found = issues.data?.items ?? [];
  return (
    <Page title="Issues">
      <PageHeader title="Issues" />
      <Panel>
        <IssueFilters mayBeMine={me?.id !== undefined} />
        {issues.isPending && <LoadingRows rows={8} height={28} />}
        {issues.isError && (
          <ErrorState error={issues.error} onRetry={() => void issues.refetch()} />
        )}
        {issues.isSuccess && found.length === 0 && (
          <NothingFound filtered={Object.keys(filter).length > 0} />
        )}
        {issues.isSuccess && found.length > 0 && <IssueTable issues={found} />}
        <KeysetPager
          page={issues.data}
          first={after === undefined}
          onFirst={() => void navigate({ search: filter })}
          onNext={(cursor) => void navigate({ search: { ...filter, after: cursor } })}
        />
      </Panel>
    </Page>
  );
}

function NothingFound({ filtered }: { filtered: boolean }) {
  const navigate = route.useNavigate();
  return filtered ? (
    <EmptyState
      icon={IconCircleCheck}
      title="No issue fits"
      action={
        <Button variant="default" onClick={() => void navigate({ search: {} })}>
          Show unresolved ones
        </Button>
      }
    />
  ) : (
    <EmptyState icon={IconCircleCheck} title="Nothing needs you">
      Runs that fail or do not get on, and a disk that fills up, show up here, one issue for each
      cause. They close by themselves when the cause is gone.
    </EmptyState>
  );
}
