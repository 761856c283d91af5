import { Skeleton, Text } from "@mantine/core";
import { IconHistory } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { RunDetail } from "../../lib/model";
import { runsQuery } from "../../lib/queries";
import { RunTable } from "../../ui/run-table";
import { EmptyState, ErrorState } from "../../ui/states";

/** How many runs are shown; the newest say most. */
const shown = 100;

const callers = ["subpipeline", "map"];

/** Whether a run may start others. */
export function startsRuns(run: RunDetail): boolean {
  return run.document.nodes.some((node) => callers.includes(node.type));
}

/** The runs that a run has started, newest first. */
export function ChildrenPanel({ runId }: { runId: string }) {
  const children = useQuery(runsQuery({ parent: runId, limit: shown }));
  if (children.isError) {
    return <ErrorState error={children.error} onRetry={() => void children.refetch()} />;
  }
  if (!children.data) return <Skeleton height={120} aria-label="Loading" />;
  return (
    <>
      <RunTable
        runs={children.data.items ?? []}
        empty={
          <EmptyState icon={IconHistory} title="No runs yet">
            The runs that its subpipeline and map nodes start show up here.
          </EmptyState>
        }
      />
      {children.data.has_next && (
        <Text c="dimmed" fz="sm" p="sm">
          These are the newest {shown}.
        </Text>
      )}
    </>
  );
}
