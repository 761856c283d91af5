import { Table } from "@mantine/core";
import type { ServiceAccount } from "../../lib/accounts";
import { useNow } from "../../lib/clock";
import { useMay } from "../../lib/session";
import { RelativeTime } from "../../ui/relative-time";
import tables from "../../ui/tables.module.css";
import { ToneBadge } from "../../ui/tone-badge";
import { KeyMenu } from "./key-menu";
import classes from "./keys.module.css";

/** The service accounts, one a line; of the token only as much as tells it from others. */
export function KeyTable({ services }: { services: ServiceAccount[] }) {
  return (
    <Table.ScrollContainer minWidth={860} type="native">
      <Table highlightOnHover className={tables.table ?? ""}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Service</Table.Th>
            <Table.Th w={170}>Token</Table.Th>
            <Table.Th w="28%">Permissions</Table.Th>
            <Table.Th w={112}>Expires</Table.Th>
            <Table.Th w={112}>Last used</Table.Th>
            <Table.Th w={60} aria-label="Actions" />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {services.map((service) => (
            <KeyRow key={service.id} service={service} />
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function KeyRow({ service }: { service: ServiceAccount }) {
  const may = useMay();
  const granted = service.permissions.join(", ");
  return (
    <Table.Tr>
      <Table.Td className={tables.wide ?? ""}>
        <span className={tables.name} title={service.service_name}>
          <bdi>{service.service_name}</bdi>
        </span>
        {service.owner && (
          <span className={tables.under} title={service.owner}>
            made by <bdi>{service.owner}</bdi>
          </span>
        )}
      </Table.Td>
      <Table.Td className={classes.token ?? ""}>
        {service.prefix}…{service.last4}
      </Table.Td>
      <Table.Td className={tables.soft ?? ""} title={granted}>
        {granted || "None"}
      </Table.Td>
      <Table.Td className={tables.soft ?? ""}>
        <End service={service} />
      </Table.Td>
      <Table.Td className={tables.soft ?? ""}>
        {service.last_used_at ? <RelativeTime at={service.last_used_at} /> : "Never"}
      </Table.Td>
      <Table.Td ta="right">
        {may("services.manage") && !service.revoked_at && <KeyMenu service={service} />}
      </Table.Td>
    </Table.Tr>
  );
}

function End({ service }: { service: ServiceAccount }) {
  const now = useNow(60_000);
  if (service.revoked_at) return <ToneBadge tone="muted">Revoked</ToneBadge>;
  if (!service.expires_at) return "Never";
  if (Date.parse(service.expires_at) <= now) return <ToneBadge tone="bad">Expired</ToneBadge>;
  return <RelativeTime at={service.expires_at} />;
}
