import { IconCircleCheck } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { Issue } from "../../lib/issue-model";
import { issuesQuery } from "../../lib/queries";
import { LinkButton, TextLink } from "../../ui/links";
import { Panel } from "../../ui/page";
import { RelativeTime } from "../../ui/relative-time";
import { SeverityIcon } from "../../ui/severity-icon";
import { ErrorState, LoadingRows } from "../../ui/states";
import classes from "./home.module.css";

/** What somebody should look at, and why in one line. */
export function IssueList() {
  const open = useQuery(issuesQuery({ limit: 10 }));
  return (
    <Panel
      title="Open issues"
      aside={
        <LinkButton to="/issues" variant="subtle" size="compact-sm">
          All issues
        </LinkButton>
      }
    >
      {open.isPending && <LoadingRows rows={3} height={24} />}
      {open.isError && <ErrorState error={open.error} onRetry={() => void open.refetch()} />}
      {open.isSuccess && <Issues issues={open.data.items ?? []} />}
    </Panel>
  );
}

function Issues({ issues }: { issues: Issue[] }) {
  if (issues.length === 0) {
    return (
      <p className={classes.quiet}>
        <IconCircleCheck size={18} aria-hidden="true" />
        Nothing needs you.
      </p>
    );
  }
  return (
    <ul className={classes.list}>
      {issues.map((issue) => (
        <li key={issue.id} className={classes.item}>
          <SeverityIcon severity={issue.severity} />
          <div className={classes.itemWords}>
            <TextLink
              to="/issues/$issueId"
              params={{ issueId: issue.id }}
              className={classes.itemName ?? ""}
            >
              {issue.title}
            </TextLink>
            <span className={classes.reason} title={issue.body} dir="auto">
              {issue.body}
            </span>
          </div>
          <span className={classes.when}>
            <RelativeTime at={issue.last_seen_at} />
          </span>
        </li>
      ))}
    </ul>
  );
}
