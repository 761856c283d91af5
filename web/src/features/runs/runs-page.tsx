import { SegmentedControl } from "@mantine/core";
import { IconHistory } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { runsQuery } from "../../lib/queries";
import { asRunStatus, labelOf } from "../../lib/status";
import { KeysetPager } from "../../ui/keyset-pager";
import { Page, PageHeader, Panel } from "../../ui/page";
import { RunTable } from "../../ui/run-table";
import { EmptyState, ErrorState, LoadingRows } from "../../ui/states";
import classes from "./runs.module.css";

const route = getRouteApi("/shell/runs");

const choices = [
  { value: "all", label: "All" },
  ...(["running", "pending", "success", "failed", "cancelled"] as const).map((status) => ({
    value: status,
    label: labelOf(status),
  })),
];

/** All runs of all pipelines, newest first. */
export function RunsPage() {
  const { status, after } = route.useSearch();
  const navigate = route.useNavigate();
  const runs = useQuery({
    ...runsQuery({ ...(status ? { status } : {}), ...(after ? { after } : {}) }),
    placeholderData: keepPreviousData,
  });
  const choose = (value: string) => {
    const chosen = asRunStatus(value);
    void navigate({ search: chosen ? { status: chosen } : {} });
  };
  return (
    <Page title="Runs">
      <PageHeader title="Runs" />
      <Panel>
        <div className={classes.filters}>
          <SegmentedControl
            size="xs"
            aria-label="Status"
            data={choices}
            value={status ?? "all"}
            onChange={choose}
          />
        </div>
        {runs.isPending && <LoadingRows rows={10} height={28} />}
        {runs.isError && <ErrorState error={runs.error} onRetry={() => void runs.refetch()} />}
        {runs.isSuccess && (
          <RunTable
            runs={runs.data.items ?? []}
            empty={<NoRuns filtered={status !== undefined} />}
          />
        )}
        <KeysetPager
          page={runs.data}
          first={after === undefined}
          onFirst={() => void navigate({ search: ({ after: _, ...old }) => old })}
          onNext={(cursor) => void navigate({ search: (old) => ({ ...old, after: cursor }) })}
        />
      </Panel>
    </Page>
  );
}

function NoRuns({ filtered }: { filtered: boolean }) {
  return filtered ? (
    <EmptyState icon={IconHistory} title="No run has this status" />
  ) : (
    <EmptyState icon={IconHistory} title="No runs yet">
      Open a pipeline and press Run; the run shows up here at once.
    </EmptyState>
  );
}
