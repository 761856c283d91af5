import { IconHistory } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { runsQuery } from "../../lib/queries";
import { KeysetPager } from "../../ui/keyset-pager";
import { Panel } from "../../ui/page";
import { RunTable } from "../../ui/run-table";
import { EmptyState, ErrorState, LoadingRows } from "../../ui/states";

const route = getRouteApi("/shell/pipelines/$pipelineId");

/** The runs of one pipeline, newest first. */
export function RunsTab({ pipelineId }: { pipelineId: string }) {
  const { after } = route.useSearch();
  const navigate = route.useNavigate();
  const runs = useQuery({
    ...runsQuery({ pipeline: pipelineId, ...(after ? { after } : {}) }),
    placeholderData: keepPreviousData,
  });
  return (
    <Panel>
      {runs.isPending && <LoadingRows rows={8} height={28} />}
      {runs.isError && <ErrorState error={runs.error} onRetry={() => void runs.refetch()} />}
      {runs.isSuccess && (
        <RunTable
          runs={runs.data.items ?? []}
          named={false}
          empty={
            <EmptyState icon={IconHistory} title="It has never run">
              Press Run; you can watch every node while it works.
            </EmptyState>
          }
        />
      )}
      <KeysetPager
        page={runs.data}
        first={after === undefined}
        onFirst={() => void navigate({ search: { tab: "runs" } })}
        onNext={(cursor) => void navigate({ search: { tab: "runs", after: cursor } })}
      />
    </Panel>
  );
}
