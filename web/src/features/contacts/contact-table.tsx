import { Table } from "@mantine/core";
import { type Contact, contactName } from "../../lib/contacts";
import { TextLink } from "../../ui/links";
import { RelativeTime } from "../../ui/relative-time";
import tables from "../../ui/tables.module.css";

/** Contacts, one a line. */
export function ContactTable({ contacts }: { contacts: Contact[] }) {
  return (
    <Table.ScrollContainer minWidth={860} type="native">
      <Table highlightOnHover className={tables.table ?? ""}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Name</Table.Th>
            <Table.Th w={90}>Kind</Table.Th>
            <Table.Th w={150}>Status</Table.Th>
            <Table.Th w={150}>Source</Table.Th>
            <Table.Th w={200}>Tags</Table.Th>
            <Table.Th w={120}>Changed</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {contacts.map((contact) => (
            <ContactRow key={contact.id} contact={contact} />
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function ContactRow({ contact }: { contact: Contact }) {
  const name = contactName(contact);
  const known = contact.email ?? contact.agent_id ?? "";
  return (
    <Table.Tr>
      <Table.Td className={tables.wide ?? ""}>
        <TextLink
          to="/contacts/$contactId"
          params={{ contactId: contact.id }}
          className={tables.name ?? ""}
          title={name}
        >
          <bdi>{name}</bdi>
        </TextLink>
        {known !== name && <span className={tables.under}>{known}</span>}
      </Table.Td>
      <Table.Td className={tables.soft ?? ""}>
        {contact.product === "retention" ? "Agent" : "Lead"}
      </Table.Td>
      <Soft text={contact.status} />
      <Soft text={contact.source} />
      <Soft text={contact.tags.join(", ")} />
      <Table.Td className={tables.soft ?? ""}>
        <RelativeTime at={contact.updated_at} />
      </Table.Td>
    </Table.Tr>
  );
}

function Soft({ text }: { text: string }) {
  return (
    <Table.Td className={tables.soft ?? ""} title={text}>
      {text || "–"}
    </Table.Td>
  );
}
