import { ActionIcon, TextInput, Tooltip } from "@mantine/core";
import { IconDownload, IconListSearch, IconNotes, IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useMemo } from "react";
import { logExportUrl } from "../../lib/commands";
import { formatExactCount } from "../../lib/format";
import type { RunDetail } from "../../lib/model";
import { logLimit, runLogQuery } from "../../lib/queries";
import { isActive } from "../../lib/status";
import { NativeSelect } from "../../ui/native-select";
import { EmptyState, ErrorState, LoadingRows } from "../../ui/states";
import { filterLines, levels } from "./log-filter";
import { LogLines } from "./log-lines";
import classes from "./run.module.css";

const route = getRouteApi("/shell/runs/$runId");

/** The log of a run, growing while it runs, narrowed by level, words and the chosen node. */
export function LogPanel({ run, nodeId }: { run: RunDetail; nodeId: string | undefined }) {
  const { level = "info", q = "" } = route.useSearch();
  const log = useQuery(runLogQuery(run.id));
  const shown = useMemo(
    () => filterLines(log.data ?? [], { level, words: q, nodeId }),
    [log.data, level, q, nodeId],
  );
  const names = useMemo(
    () => new Map(run.document.nodes.map((node) => [node.id, node.name || node.id])),
    [run.document],
  );
  if (log.isPending) return <LoadingRows rows={6} height={14} />;
  if (log.isError) return <ErrorState error={log.error} onRetry={() => void log.refetch()} />;
  return (
    <div className={classes.log}>
      <LogFilters runId={run.id} shown={shown.length} total={log.data.length} />
      {shown.length > 0 ? (
        <LogLines lines={shown} names={names} follow={isActive(run.status)} />
      ) : (
        <NoLines any={log.data.length > 0} active={isActive(run.status)} />
      )}
    </div>
  );
}

function NoLines({ any, active }: { any: boolean; active: boolean }) {
  if (any) {
    return (
      <EmptyState icon={IconListSearch} title="No line fits">
        Choose a lower level, other words or no node to see more.
      </EmptyState>
    );
  }
  return (
    <EmptyState icon={IconNotes} title={active ? "No lines yet" : "This run wrote no log"}>
      {active && "Lines show up here as they are written."}
    </EmptyState>
  );
}

type FilterProps = { runId: string; shown: number; total: number };

function LogFilters({ runId, shown, total }: FilterProps) {
  const { level = "info", q = "" } = route.useSearch();
  const navigate = route.useNavigate();
  const chooseLevel = (value: string) => {
    const next = levels.find((one) => one === value);
    void navigate({ replace: true, search: (old) => (next ? { ...old, level: next } : old) });
  };
  const search = (words: string) =>
    void navigate({
      replace: true,
      search: ({ q: _, ...old }) => (words ? { ...old, q: words } : old),
    });
  return (
    <div className={classes.logFilters}>
      <NativeSelect
        size="xs"
        aria-label="Least level"
        data={[
          { value: "debug", label: "Debug and up" },
          { value: "info", label: "Info and up" },
          { value: "warning", label: "Warnings and errors" },
          { value: "error", label: "Errors only" },
        ]}
        value={level}
        onChange={(event) => chooseLevel(event.currentTarget.value)}
      />
      <TextInput
        size="xs"
        aria-label="Search the log"
        placeholder="Search"
        leftSection={<IconSearch size={14} />}
        value={q}
        onChange={(event) => search(event.currentTarget.value)}
      />
      <span className={classes.logCount}>
        {shown === total
          ? `${formatExactCount(total)} lines`
          : `${formatExactCount(shown)} of ${formatExactCount(total)} lines`}
        {total >= logLimit && "; the download has all of them"}
      </span>
      <Tooltip label="Download the whole log">
        <ActionIcon
          component="a"
          href={logExportUrl(runId)}
          download
          aria-label="Download the whole log"
        >
          <IconDownload size={16} />
        </ActionIcon>
      </Tooltip>
    </div>
  );
}
