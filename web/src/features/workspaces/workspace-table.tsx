import { Table } from "@mantine/core";
import type { Workspace } from "../../lib/accounts";
import { RelativeTime } from "../../ui/relative-time";
import tables from "../../ui/tables.module.css";
import { WorkspaceMenu } from "./workspace-menu";

/** The workspaces, one a line. */
export function WorkspaceTable({ workspaces }: { workspaces: Workspace[] }) {
  return (
    <Table.ScrollContainer minWidth={640} type="native">
      <Table highlightOnHover className={tables.table ?? ""}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Name</Table.Th>
            <Table.Th w={110}>Pipelines</Table.Th>
            <Table.Th w={110}>Members</Table.Th>
            <Table.Th w={130}>Made</Table.Th>
            <Table.Th w={60} aria-label="Actions" />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {workspaces.map((workspace) => (
            <Table.Tr key={workspace.id}>
              <Table.Td className={tables.wide ?? ""}>
                <span className={tables.name} title={workspace.name}>
                  <bdi>{workspace.name}</bdi>
                </span>
                <span className={tables.under}>{workspace.id}</span>
              </Table.Td>
              <Table.Td>{workspace.pipelines}</Table.Td>
              <Table.Td>{workspace.members}</Table.Td>
              <Table.Td className={tables.soft ?? ""}>
                <RelativeTime at={workspace.created_at} />
              </Table.Td>
              <Table.Td ta="right">
                <WorkspaceMenu workspace={workspace} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
