import { Table } from "@mantine/core";
import type { AuditEntry } from "../../lib/accounts";
import { TextLink } from "../../ui/links";
import { RelativeTime } from "../../ui/relative-time";
import tables from "../../ui/tables.module.css";
import { ToneBadge } from "../../ui/tone-badge";
import { actorInWords, eventInWords } from "./words";

/** Entries of the audit log, one a line. */
export function AuditTable({ entries }: { entries: AuditEntry[] }) {
  return (
    <Table.ScrollContainer minWidth={1040} type="native">
      <Table highlightOnHover className={tables.table ?? ""}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th w={116}>When</Table.Th>
            <Table.Th>Event</Table.Th>
            <Table.Th w={180}>Actor</Table.Th>
            <Table.Th w={250}>Target</Table.Th>
            <Table.Th w={140}>Address</Table.Th>
            <Table.Th w={104}>Outcome</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {entries.map((entry) => (
            <EntryRow key={entry.seq} entry={entry} />
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function EntryRow({ entry }: { entry: AuditEntry }) {
  return (
    <Table.Tr>
      <Table.Td className={tables.soft ?? ""}>
        <RelativeTime at={entry.at} />
      </Table.Td>
      <Table.Td className={tables.wide ?? ""}>
        <TextLink
          from="/admin/audit"
          to="/admin/audit"
          search={(old) => ({ ...old, entry: entry.seq })}
          resetScroll={false}
          className={tables.name ?? ""}
        >
          <span title={entry.event}>{eventInWords(entry.event)}</span>
        </TextLink>
      </Table.Td>
      <Table.Td className={tables.soft ?? ""} title={entry.actor}>
        {entry.actor ? <bdi>{entry.actor}</bdi> : actorInWords(entry.actor_kind)}
      </Table.Td>
      <Table.Td className={tables.soft ?? ""} title={entry.target}>
        {entry.target || "–"}
      </Table.Td>
      <Table.Td className={tables.soft ?? ""} title={entry.address}>
        {entry.address || "–"}
      </Table.Td>
      <Table.Td>
        {entry.outcome === "success" ? (
          <ToneBadge tone="good">Success</ToneBadge>
        ) : (
          <ToneBadge tone="bad">Failure</ToneBadge>
        )}
      </Table.Td>
    </Table.Tr>
  );
}
