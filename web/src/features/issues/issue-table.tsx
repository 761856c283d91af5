import { Table } from "@mantine/core";
import { IconVolumeOff } from "@tabler/icons-react";
import { useNow } from "../../lib/clock";
import { formatCount, formatExact } from "../../lib/format";
import type { Issue } from "../../lib/issue-model";
import { isMuted, isUnread, kindLabel, stateLabel, stateTone } from "../../lib/issues";
import { TextLink } from "../../ui/links";
import { RelativeTime } from "../../ui/relative-time";
import { SeverityBadge } from "../../ui/severity-icon";
import tables from "../../ui/tables.module.css";
import { ToneBadge } from "../../ui/tone-badge";
import classes from "./issues.module.css";

/** Issues, one a line. */
export function IssueTable({ issues }: { issues: Issue[] }) {
  return (
    <Table.ScrollContainer minWidth={860} type="native">
      <Table highlightOnHover className={tables.table ?? ""}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th w={110}>Severity</Table.Th>
            <Table.Th>Issue</Table.Th>
            <Table.Th w={96}>Kind</Table.Th>
            <Table.Th w={156}>State</Table.Th>
            <Table.Th w={130}>Assigned to</Table.Th>
            <Table.Th w={112}>Last seen</Table.Th>
            <Table.Th w={80} ta="right">
              Count
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {issues.map((issue) => (
            <IssueRow key={issue.id} issue={issue} />
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function IssueRow({ issue }: { issue: Issue }) {
  const now = useNow(60_000);
  const unread = isUnread(issue, now);
  return (
    <Table.Tr>
      <Table.Td>
        <SeverityBadge severity={issue.severity} />
      </Table.Td>
      <Table.Td className={tables.wide ?? ""}>
        <TextLink
          to="/issues/$issueId"
          params={{ issueId: issue.id }}
          className={`${tables.name} ${unread ? "" : classes.read}`}
          {...(unread ? { "aria-description": "Not read yet" } : {})}
        >
          <bdi>{issue.title}</bdi>
        </TextLink>
        <span className={tables.under} title={issue.body} dir="auto">
          {issue.body}
        </span>
      </Table.Td>
      <Table.Td className={tables.soft ?? ""}>{kindLabel(issue.kind)}</Table.Td>
      <Table.Td>
        <span className={classes.state}>
          <ToneBadge tone={stateTone(issue.state)}>{stateLabel(issue.state)}</ToneBadge>
          {isMuted(issue, now) && (
            <IconVolumeOff
              size={15}
              role="img"
              aria-label={`Muted until ${formatExact(issue.muted_until ?? "")}`}
            />
          )}
        </span>
      </Table.Td>
      <Table.Td className={tables.soft ?? ""} title={issue.assignee}>
        {issue.assignee ? <bdi>{issue.assignee}</bdi> : "–"}
      </Table.Td>
      <Table.Td className={tables.soft ?? ""}>
        <RelativeTime at={issue.last_seen_at} />
      </Table.Td>
      <Table.Td className={tables.number ?? ""}>{formatCount(issue.count)}</Table.Td>
    </Table.Tr>
  );
}
