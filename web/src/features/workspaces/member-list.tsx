import { ActionIcon, Table } from "@mantine/core";
import { IconUserMinus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { Member, Workspace } from "../../lib/accounts";
import { meQuery } from "../../lib/queries";
import { notifyDone, notifyFailed } from "../../ui/notify";
import { RelativeTime } from "../../ui/relative-time";
import tables from "../../ui/tables.module.css";
import { useRemoveMember } from "./commands";

type Props = { workspace: Workspace; members: Member[] };

/** The members, one a line. Superadmins belong to every workspace, and nobody removes themselves. */
export function MemberList({ workspace, members }: Props) {
  const { data: me } = useQuery(meQuery);
  const remove = useRemoveMember(workspace.id);
  const take = ({ user_id, username }: Member) =>
    remove.mutate(user_id, {
      onSuccess: () => notifyDone(`“${username}” does not belong to “${workspace.name}” any more.`),
      onError: (error) => notifyFailed(`“${username}” is still a member`, error),
    });
  return (
    <Table className={tables.table ?? ""}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Name</Table.Th>
          <Table.Th w={110}>Role</Table.Th>
          <Table.Th w={140}>Member since</Table.Th>
          <Table.Th w={56} aria-label="Actions" />
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {members.map((member) => (
          <Table.Tr key={member.user_id}>
            <Table.Td className={tables.wide ?? ""}>
              <span className={tables.name} title={member.username}>
                <bdi>{member.username}</bdi>
              </span>
            </Table.Td>
            <Table.Td>{member.role}</Table.Td>
            <Table.Td className={tables.soft ?? ""}>
              {member.since ? <RelativeTime at={member.since} /> : "Everywhere"}
            </Table.Td>
            <Table.Td ta="right">
              {member.since && member.user_id !== me?.id && (
                <ActionIcon
                  aria-label={`Remove ${member.username}`}
                  size="input-xs"
                  onClick={() => take(member)}
                >
                  <IconUserMinus size={17} />
                </ActionIcon>
              )}
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
