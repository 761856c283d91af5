import { Table } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { formatBytes } from "../../lib/format";
import type { Machine } from "../../lib/system";
import { Notice } from "../../ui/notice";
import { RelativeTime } from "../../ui/relative-time";
import tables from "../../ui/tables.module.css";
import { ToneBadge } from "../../ui/tone-badge";
import classes from "./system.module.css";

type Props = { machines: Machine[]; silent: { Node: string; Result: string }[] };

/** The machines that execute runs, one a line, and those that could not answer. */
export function MachineTable({ machines, silent }: Props) {
  return (
    <>
      <Table.ScrollContainer minWidth={980} type="native">
        <Table className={tables.table ?? ""}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Name</Table.Th>
              <Table.Th w={96}>State</Table.Th>
              <Table.Th w={100}>Version</Table.Th>
              <Table.Th w={70}>Runs</Table.Th>
              <Table.Th w={130}>Load</Table.Th>
              <Table.Th w={156}>Memory free</Table.Th>
              <Table.Th w={96}>Started</Table.Th>
              <Table.Th w={96}>Last seen</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {machines.map((machine) => (
              <MachineRow key={machine.Node} machine={machine} />
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {silent.length > 0 && (
        <div className={classes.silent}>
          {silent.map(({ Node, Result }) => (
            <Notice key={Node} tone="bad" icon={IconAlertTriangle} title={`${Node} did not answer`}>
              {Result}
            </Notice>
          ))}
        </div>
      )}
    </>
  );
}

function MachineRow({ machine }: { machine: Machine }) {
  const { Load, CPUs, MemoryFree, MemoryTotal } = machine;
  const facts = [machine.Kind, machine.Platform, ...(machine.Labels ?? [])]
    .filter(Boolean)
    .join(" · ");
  return (
    <Table.Tr>
      <Table.Td className={tables.wide ?? ""}>
        <span className={tables.name} title={machine.Node}>
          <bdi>{machine.Node}</bdi>
        </span>
        <span className={tables.under} title={facts}>
          {facts}
        </span>
      </Table.Td>
      <Table.Td>
        <ToneBadge tone={machine.State === "online" ? "good" : "bad"}>{machine.State}</ToneBadge>
      </Table.Td>
      <Table.Td className={tables.soft ?? ""} title={machine.Version}>
        {machine.Version}
      </Table.Td>
      <Table.Td>
        {machine.ActiveRuns} of {machine.MaxRuns}
      </Table.Td>
      <Table.Td title="Mean number of processes that wanted a processor in the last minute">
        {Load.toFixed(2)} on {CPUs} {CPUs === 1 ? "core" : "cores"}
      </Table.Td>
      <Table.Td>
        {MemoryTotal > 0 ? `${formatBytes(MemoryFree)} of ${formatBytes(MemoryTotal)}` : "–"}
      </Table.Td>
      <Table.Td className={tables.soft ?? ""}>
        <RelativeTime at={machine.StartedAt} />
      </Table.Td>
      <Table.Td className={tables.soft ?? ""}>
        {machine.SeenAt ? <RelativeTime at={machine.SeenAt} /> : "now"}
      </Table.Td>
    </Table.Tr>
  );
}
