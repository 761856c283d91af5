import { Anchor, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { docs, type Plugin, pluginsQuery } from "../../lib/system";
import { Panel } from "../../ui/page";
import { ErrorState } from "../../ui/states";
import tables from "../../ui/tables.module.css";

/** The plugins of this server; nothing where there are none. */
export function PluginsView() {
  const plugins = useQuery(pluginsQuery);
  if (!plugins.isError && !plugins.data?.length) return null;
  return (
    <Panel
      title="Plugins"
      aside={
        <Anchor href={docs.plugins} target="_blank" rel="noreferrer" fz="sm">
          How to add one
        </Anchor>
      }
    >
      {plugins.isError && (
        <ErrorState error={plugins.error} onRetry={() => void plugins.refetch()} />
      )}
      {plugins.data && <PluginTable plugins={plugins.data} />}
    </Panel>
  );
}

function PluginTable({ plugins }: { plugins: Plugin[] }) {
  return (
    <Table.ScrollContainer minWidth={560} type="native">
      <Table className={tables.table ?? ""}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Plugin</Table.Th>
            <Table.Th>Version</Table.Th>
            <Table.Th>Kinds of nodes</Table.Th>
            <Table.Th>Network</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {plugins.map((p) => (
            <Table.Tr key={p.name}>
              <Table.Td>
                {p.name}
                {p.description && (
                  <Text fz="sm" c="dimmed">
                    {p.description}
                  </Text>
                )}
              </Table.Td>
              <Table.Td>{p.version}</Table.Td>
              <Table.Td>{p.node_types.map((t) => t.display_name || t.type).join(", ")}</Table.Td>
              <Table.Td>{p.network ? "Allowed" : "Shut off"}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
