import { IconCirclePlus, IconSitemap } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { pipelineHealthQuery, runsQuery } from "../../lib/queries";
import { LinkButton } from "../../ui/links";
import { Page, PageHeader, Panel } from "../../ui/page";
import { RunTable } from "../../ui/run-table";
import { EmptyState, ErrorState, LoadingRows } from "../../ui/states";
import classes from "./home.module.css";
import { IssueList } from "./issue-list";
import { RunningList } from "./running-list";
import { Tiles } from "./tiles";

/** What runs, what broke and why, and what happened last. */
export function HomePage() {
  const health = useQuery(pipelineHealthQuery);
  if (health.isError) {
    return (
      <Page title="Home">
        <PageHeader title="Home" />
        <Panel>
          <ErrorState error={health.error} onRetry={() => void health.refetch()} />
        </Panel>
      </Page>
    );
  }
  return (
    <Page title="Home">
      <PageHeader title="Home" />
      {health.isSuccess && health.data.length === 0 ? (
        <Welcome />
      ) : (
        <>
          <Tiles pipelines={health.data} />
          <div className={classes.pair}>
            <RunningList />
            <IssueList />
          </div>
          <RecentRuns />
        </>
      )}
    </Page>
  );
}

function RecentRuns() {
  const recent = useQuery(runsQuery({ limit: 10 }));
  return (
    <Panel
      title="Recent runs"
      aside={
        <LinkButton to="/runs" variant="subtle" size="compact-sm">
          All runs
        </LinkButton>
      }
    >
      {recent.isPending && <LoadingRows rows={5} height={24} />}
      {recent.isError && <ErrorState error={recent.error} onRetry={() => void recent.refetch()} />}
      {recent.isSuccess && <RunTable runs={recent.data.items ?? []} />}
    </Panel>
  );
}

function Welcome() {
  return (
    <Panel>
      <EmptyState
        icon={IconSitemap}
        title="No pipelines yet"
        action={
          <LinkButton
            to="/pipelines"
            search={{ create: "template" }}
            leftSection={<IconCirclePlus size={16} />}
          >
            Start from an example
          </LinkButton>
        }
      >
        A pipeline reads data, changes or checks it, and writes it somewhere. The examples run as
        they are, on data that comes with the server.
      </EmptyState>
    </Panel>
  );
}
