import { IconCirclePlus, IconSitemap } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNow } from "../../lib/clock";
import { calendarQuery, dateOf } from "../../lib/history";
import { pipelineHealthQuery, runsQuery } from "../../lib/queries";
import { FirstSteps } from "../../ui/first-steps/first-steps";
import { LinkButton } from "../../ui/links";
import { Page, PageHeader, Panel } from "../../ui/page";
import { RunTable } from "../../ui/run-table";
import { EmptyState, ErrorState, LoadingRows } from "../../ui/states";
import { DayBars } from "./day-bars";
import { FailingList } from "./failing-list";
import classes from "./home.module.css";
import { IssueList } from "./issue-list";
import { NextRuns } from "./next-runs";
import { RunningList } from "./running-list";
import { Tiles } from "./tiles";

const daysShown = 14;

/** The runs of the last days; at midnight the days move on, and the old ones stay until the new ones are there. */
function useDays() {
  const today = dateOf(new Date(useNow(60_000)));
  const from = dateOf(new Date(`${today}T12:00:00`), 1 - daysShown);
  return useQuery({ ...calendarQuery(from, today), placeholderData: keepPreviousData });
}

/** What runs, what broke and why, what comes next, and what happened last. */
export function HomePage() {
  const health = useQuery(pipelineHealthQuery);
  const days = useDays();
  if (health.isError && !health.data) {
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
      <FirstSteps />
      {health.isSuccess && health.data.length === 0 ? (
        <Welcome />
      ) : (
        <>
          <Tiles pipelines={health.data} days={days.data?.days} />
          <div className={classes.pair}>
            {days.isError && !days.data ? (
              <Panel title="Last 14 days">
                <ErrorState error={days.error} onRetry={() => void days.refetch()} />
              </Panel>
            ) : (
              <DayBars days={days.data?.days} />
            )}
            <FailingList pipelines={health.data} />
            <RunningList />
            <NextRuns pipelines={health.data} />
          </div>
          <IssueList />
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
