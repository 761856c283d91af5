import { Button } from "@mantine/core";
import { IconArrowsDiff, IconHistory } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useMemo } from "react";
import { runsQuery } from "../../lib/queries";
import { KeysetPager } from "../../ui/keyset-pager";
import { LinkButton } from "../../ui/links";
import { Panel } from "../../ui/page";
import { RunTable } from "../../ui/run-table";
import { EmptyState, ErrorState, LoadingRows } from "../../ui/states";
import { filterOf, thisMinute, togglePick } from "./filters";
import classes from "./runs.module.css";

const route = getRouteApi("/shell/runs");

/** The runs that fit, newest first; two of them can be chosen to be compared. */
export function ListView() {
  const { as: _, pick, ...chosen } = route.useSearch();
  const { status, pipeline, trigger, range, day, after } = chosen;
  const navigate = route.useNavigate();
  // biome-ignore lint/correctness/useExhaustiveDependencies: chosen is another object each time
  const filter = useMemo(
    () => filterOf(chosen, thisMinute(Date.now())),
    [status, pipeline, trigger, range, day, after],
  );
  const runs = useQuery({ ...runsQuery(filter), placeholderData: keepPreviousData });
  const picked = pick?.split(",") ?? [];
  const filtered = [status, pipeline, trigger, range, day].some(Boolean);
  const putPick = (next: string[]) =>
    void navigate({
      replace: true,
      search: ({ pick: __, ...old }) => (next.length > 0 ? { ...old, pick: next.join(",") } : old),
    });
  return (
    <>
      {picked.length > 0 && <CompareBar picked={picked} onDrop={() => putPick([])} />}
      <Panel>
        {runs.isPending && <LoadingRows rows={10} height={28} />}
        {runs.isError && <ErrorState error={runs.error} onRetry={() => void runs.refetch()} />}
        {runs.isSuccess && (
          <RunTable
            runs={runs.data.items ?? []}
            empty={<NoRuns filtered={filtered} />}
            choice={{ chosen: picked, onToggle: (id) => putPick(togglePick(picked, id)) }}
          />
        )}
        <KeysetPager
          page={runs.data}
          first={after === undefined}
          onFirst={() => void navigate({ search: ({ after: __, ...old }) => old })}
          onNext={(cursor) => void navigate({ search: (old) => ({ ...old, after: cursor }) })}
        />
      </Panel>
    </>
  );
}

function CompareBar({ picked, onDrop }: { picked: string[]; onDrop: () => void }) {
  const [a, b] = picked;
  return (
    <div className={classes.compareBar} role="status">
      <span>{b ? "Two runs chosen" : "One run chosen: choose another to compare it with"}</span>
      {a && b && (
        <LinkButton
          to="/runs/compare"
          search={{ a, b }}
          size="compact-sm"
          leftSection={<IconArrowsDiff size={15} />}
        >
          Compare
        </LinkButton>
      )}
      <Button size="compact-sm" variant="subtle" onClick={onDrop}>
        Clear
      </Button>
    </div>
  );
}

function NoRuns({ filtered }: { filtered: boolean }) {
  return filtered ? (
    <EmptyState icon={IconHistory} title="No run fits">
      Choose another status, pipeline or time to see more.
    </EmptyState>
  ) : (
    <EmptyState icon={IconHistory} title="No runs yet">
      Open a pipeline and press Run; the run shows up here at once.
    </EmptyState>
  );
}
