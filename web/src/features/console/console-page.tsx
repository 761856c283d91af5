import { Loader } from "@mantine/core";
import { IconDatabaseSearch, IconHistory, IconTableOff } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { tablesQuery } from "../../lib/console";
import type { Run } from "../../lib/model";
import { runQuery, runsQuery } from "../../lib/queries";
import { useMay } from "../../lib/session";
import { LinkButton, TextLink } from "../../ui/links";
import { NativeSelect } from "../../ui/native-select";
import { Page, PageHeader } from "../../ui/page";
import { EmptyState, ErrorState, LoadingRows } from "../../ui/states";
import { Asking } from "./asking";
import classes from "./console.module.css";

const route = getRouteApi("/shell/console");

/** SQL over what a run has kept. */
export function ConsolePage() {
  const { run, before, node, sql } = route.useSearch();
  const may = useMay();
  const recent = useQuery(runsQuery({ limit: 50 }));
  const newest = recent.data?.items?.find(({ status }) => status === "success");
  const chosen = run ?? newest?.id;
  return (
    <Page title="Console" fill>
      <PageHeader
        title="Console"
        facts={<span>SQL over the rows that a run has kept. It reads, and changes nothing.</span>}
        actions={
          chosen && <RunChoice runs={recent.data?.items ?? []} run={chosen} before={before} />
        }
      />
      {chosen && (
        <OfRun
          key={`${chosen} ${before ?? ""}`}
          run={chosen}
          before={before}
          node={node}
          sql={sql}
          mayAsk={may("runs.query")}
        />
      )}
      {!chosen && recent.isPending && <LoadingRows />}
      {!chosen && recent.isError && (
        <ErrorState error={recent.error} onRetry={() => void recent.refetch()} />
      )}
      {!chosen && recent.isSuccess && <NoRuns />}
    </Page>
  );
}

function NoRuns() {
  return (
    <EmptyState
      icon={IconHistory}
      title="No run to ask about yet"
      action={<LinkButton to="/pipelines">Pipelines</LinkButton>}
    >
      When a run has succeeded, the rows of its nodes are tables here.
    </EmptyState>
  );
}

type ChoiceProps = { runs: Run[]; run: string; before: string | undefined };

/** The run that is asked about, and another one to compare it with. */
function RunChoice({ runs, run, before }: ChoiceProps) {
  const navigate = route.useNavigate();
  const { data: own } = useQuery(runQuery(run));
  const listed = runs.some(({ id }) => id === run) ? runs : own ? [own, ...runs] : runs;
  const ended = listed.filter(({ id, status }) => id === run || status === "success");
  const others = ended.filter(
    ({ id, pipeline_id }) => id !== run && pipeline_id === own?.pipeline_id,
  );
  return (
    <div className={classes.choice}>
      <NativeSelect
        size="xs"
        aria-label="Run"
        value={run}
        onChange={(event) => void navigate({ search: { run: event.currentTarget.value } })}
        data={ended.map((one) => ({ value: one.id, label: nameOf(one) }))}
      />
      <NativeSelect
        size="xs"
        aria-label="Compare with"
        value={before ?? ""}
        disabled={others.length === 0 && !before}
        onChange={({ currentTarget: { value } }) =>
          void navigate({
            search: ({ before: _, ...rest }) => ({ ...rest, run, ...(value && { before: value }) }),
          })
        }
        data={[
          { value: "", label: "Compare with…" },
          ...others.map((one) => ({ value: one.id, label: `before: ${nameOf(one)}` })),
        ]}
      />
      <TextLink to="/runs/$runId" params={{ runId: run }} fz="sm">
        Open the run
      </TextLink>
    </div>
  );
}

function nameOf({ pipeline_name, created_at }: Pick<Run, "pipeline_name" | "created_at">): string {
  const at = new Date(created_at).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
  return `${pipeline_name}, ${at}`;
}

type OfRunProps = {
  run: string;
  before: string | undefined;
  node: string | undefined;
  sql: string | undefined;
  mayAsk: boolean;
};

function OfRun({ run, before, ...rest }: OfRunProps) {
  const tables = useQuery(tablesQuery(run));
  const others = useQuery({ ...tablesQuery(before ?? ""), enabled: before !== undefined });
  if (tables.isError) {
    return <ErrorState error={tables.error} onRetry={() => void tables.refetch()} />;
  }
  if (tables.isPending || (before && others.isPending)) {
    return <Loader size="sm" m="md" role="status" aria-label="Loading" />;
  }
  if (tables.data.length === 0) {
    return (
      <EmptyState icon={IconTableOff} title="Nothing is left of the rows of this run">
        It has made none, or they were removed. Choose another run.
      </EmptyState>
    );
  }
  if (!rest.mayAsk) {
    return (
      <EmptyState icon={IconDatabaseSearch} title="You may not ask about all rows">
        It takes the permission <code>runs.query</code>. The first rows of each node are on the page
        of the run.
      </EmptyState>
    );
  }
  return (
    <Asking run={run} before={before} tables={tables.data} others={others.data ?? []} {...rest} />
  );
}
