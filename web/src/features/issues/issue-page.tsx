import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useEffect } from "react";
import { useNow } from "../../lib/clock";
import { formatCount } from "../../lib/format";
import type { Issue } from "../../lib/issue-model";
import { isMuted, stateLabel, stateTone } from "../../lib/issues";
import { issueQuery } from "../../lib/queries";
import { useMay } from "../../lib/session";
import { LinkButton, TextLink } from "../../ui/links";
import { Page, PageHeader, Panel } from "../../ui/page";
import { RelativeTime } from "../../ui/relative-time";
import { SeverityBadge } from "../../ui/severity-icon";
import { ErrorState, LoadingRows } from "../../ui/states";
import { ToneBadge } from "../../ui/tone-badge";
import { useMarkRead } from "./commands";
import { IssueActions } from "./issue-actions";
import { IssueHistory } from "./issue-history";
import classes from "./issues.module.css";

const route = getRouteApi("/shell/issues/$issueId");

/** One issue: what is wrong, since when, what was done, and what can be done. */
export function IssuePage() {
  const { issueId } = route.useParams();
  const issue = useQuery(issueQuery(issueId));
  if (!issue.isSuccess) {
    return (
      <Page title="Issue">
        <PageHeader title="Issue" lead={<Back />} />
        <Panel>
          {issue.isPending ? (
            <LoadingRows rows={5} />
          ) : (
            <ErrorState error={issue.error} onRetry={() => void issue.refetch()} />
          )}
        </Panel>
      </Page>
    );
  }
  return <Found key={issueId} issue={issue.data} />;
}

function Back() {
  return (
    <TextLink to="/issues" inherit>
      Issues
    </TextLink>
  );
}

function Found({ issue }: { issue: Issue }) {
  const may = useMay();
  const { mutate: markRead } = useMarkRead(issue.id);
  const read = issue.read_at !== undefined;
  useEffect(() => {
    if (!read) markRead();
  }, [read, markRead]);
  return (
    <Page title={issue.title}>
      <PageHeader
        lead={<Back />}
        title={issue.title}
        facts={<Facts issue={issue} />}
        actions={may("issues.edit") && <IssueActions issue={issue} />}
      />
      <Panel title="What was seen last" aside={<Links issue={issue} />}>
        <p className={classes.body} dir="auto">
          {issue.body || "No reason was recorded."}
        </p>
      </Panel>
      <Panel title="History">
        <IssueHistory issue={issue} />
      </Panel>
    </Page>
  );
}

function Facts({ issue }: { issue: Issue }) {
  const now = useNow(60_000);
  return (
    <>
      <SeverityBadge severity={issue.severity} />
      <ToneBadge tone={stateTone(issue.state)}>{stateLabel(issue.state)}</ToneBadge>
      {isMuted(issue, now) && (
        <span>
          muted, ends <RelativeTime at={issue.muted_until} />
        </span>
      )}
      <span>{issue.count === 1 ? "once" : `${formatCount(issue.count)} times`}</span>
      <span>
        opened <RelativeTime at={issue.opened_at} />
      </span>
      <span>
        last seen <RelativeTime at={issue.last_seen_at} />
      </span>
      {issue.assignee && (
        <span>
          assigned to <bdi>{issue.assignee}</bdi>
        </span>
      )}
      {issue.code && <code className={classes.code}>{issue.code}</code>}
    </>
  );
}

function Links({ issue }: { issue: Issue }) {
  const node = issue.node_id ? { node: issue.node_id } : {};
  return (
    <div className={classes.links}>
      {issue.last_run_id && (
        <LinkButton
          size="compact-sm"
          variant="subtle"
          to="/runs/$runId"
          params={{ runId: issue.last_run_id }}
          search={node}
        >
          Newest run
        </LinkButton>
      )}
      {issue.first_run_id && issue.first_run_id !== issue.last_run_id && (
        <LinkButton
          size="compact-sm"
          variant="subtle"
          to="/runs/$runId"
          params={{ runId: issue.first_run_id }}
          search={node}
        >
          First run
        </LinkButton>
      )}
      {issue.pipeline_id && (
        <LinkButton
          size="compact-sm"
          variant="subtle"
          to="/pipelines/$pipelineId"
          params={{ pipelineId: issue.pipeline_id }}
          search={node}
        >
          Pipeline
        </LinkButton>
      )}
    </div>
  );
}
