import { Table } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { User } from "../../lib/accounts";
import { meQuery } from "../../lib/queries";
import { mayChange, roleInWords } from "../../lib/roles";
import { RelativeTime } from "../../ui/relative-time";
import tables from "../../ui/tables.module.css";
import { ToneBadge } from "../../ui/tone-badge";
import { UserMenu } from "./user-menu";

/** The accounts, one a line. */
export function UserTable({ users }: { users: User[] }) {
  return (
    <Table.ScrollContainer minWidth={760} type="native">
      <Table highlightOnHover className={tables.table ?? ""}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Name</Table.Th>
            <Table.Th w={120}>Role</Table.Th>
            <Table.Th w={170}>State</Table.Th>
            <Table.Th w={130}>Last sign-in</Table.Th>
            <Table.Th w={130}>Made</Table.Th>
            <Table.Th w={60} aria-label="Actions" />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {users.map((user) => (
            <UserRow key={user.id} user={user} />
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function UserRow({ user }: { user: User }) {
  const { data: me } = useQuery(meQuery);
  const own = me?.id === user.id;
  return (
    <Table.Tr>
      <Table.Td className={tables.wide ?? ""}>
        <span className={tables.name} title={user.username}>
          <bdi>{user.username}</bdi>
        </span>
        {own && <span className={tables.under}>This is you</span>}
      </Table.Td>
      <Table.Td title={roleInWords(user.role)}>{user.role}</Table.Td>
      <Table.Td>
        <State user={user} />
      </Table.Td>
      <Table.Td className={tables.soft ?? ""}>
        {user.last_login_at ? <RelativeTime at={user.last_login_at} /> : "Never"}
      </Table.Td>
      <Table.Td className={tables.soft ?? ""}>
        <RelativeTime at={user.created_at} />
      </Table.Td>
      <Table.Td ta="right">
        {me && mayChange(me.role, user.role) && <UserMenu user={user} me={me} />}
      </Table.Td>
    </Table.Tr>
  );
}

function State({ user }: { user: User }) {
  if (user.disabled) return <ToneBadge tone="muted">Disabled</ToneBadge>;
  if (user.must_change_password) return <ToneBadge tone="wait">New password due</ToneBadge>;
  return <ToneBadge tone="good">Active</ToneBadge>;
}
