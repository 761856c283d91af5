import { Group, Modal, Text } from "@mantine/core";
import type { AuditEntry } from "../../lib/accounts";
import { formatExact } from "../../lib/format";
import { browserInWords } from "../../lib/user-agent";
import { TextLink } from "../../ui/links";
import classes from "./audit.module.css";
import { actorInWords, eventInWords } from "./words";

type Props = { entry: AuditEntry | undefined; onClose: () => void };

/** Everything the log keeps about one entry, and the ways to more of its kind. */
export function EntryDialog({ entry, onClose }: Props) {
  return (
    <Modal
      opened={entry !== undefined}
      onClose={onClose}
      size={640}
      title={<Text fw={650}>Entry {entry?.seq}</Text>}
    >
      {entry && <Facts entry={entry} />}
    </Modal>
  );
}

function Facts({ entry }: { entry: AuditEntry }) {
  const facts: [string, string][] = [
    ["Event", eventInWords(entry.event)],
    ["Code", entry.event],
    ["When", formatExact(entry.at)],
    [
      "Actor",
      entry.actor
        ? `${entry.actor} (${actorInWords(entry.actor_kind)})`
        : actorInWords(entry.actor_kind),
    ],
    ["Target", entry.target],
    ["Outcome", entry.outcome],
    ["Address", entry.address],
    ["Program", entry.agent && browserInWords(entry.agent)],
    ["Request", entry.request_id],
    ["Hash", entry.hash],
  ];
  const details = entry.details ?? {};
  return (
    <>
      <dl className={classes.facts}>
        {facts
          .filter(([, value]) => value !== "")
          .map(([name, value]) => (
            <div key={name} className={classes.fact}>
              <dt>{name}</dt>
              <dd>
                <bdi>{value}</bdi>
              </dd>
            </div>
          ))}
      </dl>
      {Object.keys(details).length > 0 && (
        <section aria-label="Details">
          <pre className={classes.details}>{JSON.stringify(details, null, 2)}</pre>
        </section>
      )}
      <Group gap="md" mt="md">
        <TextLink to="/admin/audit" search={{ event: entry.event }}>
          All of this event
        </TextLink>
        {entry.actor && (
          <TextLink to="/admin/audit" search={{ actor: entry.actor }}>
            All of this actor
          </TextLink>
        )}
      </Group>
    </>
  );
}
