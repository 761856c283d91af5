import { formatExact } from "../../lib/format";
import type { Issue, IssueEvent } from "../../lib/issue-model";
import { eventInWords } from "../../lib/issues";
import { TextLink } from "../../ui/links";
import { RelativeTime } from "../../ui/relative-time";
import classes from "./issues.module.css";

/** What happened to an issue, newest first. */
export function IssueHistory({ issue }: { issue: Issue }) {
  const events = (issue.history ?? []).toReversed();
  return (
    <ol className={classes.history}>
      {events.map((event) => (
        <li key={`${event.at} ${event.type} ${event.detail ?? ""}`} className={classes.event}>
          <span className={classes.eventWords}>
            <Words event={event} />
          </span>
          <span className={classes.when}>
            <RelativeTime at={event.at} />
          </span>
        </li>
      ))}
      {issue.previous_id && (
        <li className={classes.event}>
          <TextLink to="/issues/$issueId" params={{ issueId: issue.previous_id }}>
            The issue that the same cause had before
          </TextLink>
        </li>
      )}
    </ol>
  );
}

function Words({ event }: { event: IssueEvent }) {
  return (
    <>
      <bdi>{eventInWords(event)}</bdi>
      {event.type === "muted" && event.detail && ` until ${formatExact(event.detail)}`}
      {event.actor && (
        <>
          {" by "}
          <bdi>{event.actor}</bdi>
        </>
      )}
      {event.run_id && (
        <>
          {" by "}
          <TextLink
            to="/runs/$runId"
            params={{ runId: event.run_id }}
            className={classes.inText ?? ""}
          >
            a run
          </TextLink>
        </>
      )}
      {event.type === "resolved" && !event.actor && !event.run_id && " by itself"}
    </>
  );
}
