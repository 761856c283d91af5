import { Table } from "@mantine/core";
import { IconHistory } from "@tabler/icons-react";
import type { ReactNode } from "react";
import type { Run } from "../lib/model";
import { TextLink } from "./links";
import { RelativeTime } from "./relative-time";
import { RunDuration } from "./run-duration";
import { EmptyState } from "./states";
import { StatusBadge } from "./status-badge";
import classes from "./tables.module.css";

type Props = {
  runs: Run[];
  /** Whether to say which pipeline ran; left out on the pipeline's own page. */
  named?: boolean;
  /** What stands there when there are no runs. */
  empty?: ReactNode;
};

/** Runs, one a line, newest first. */
export function RunTable({ runs, named = true, empty }: Props) {
  if (runs.length === 0) {
    return (
      empty ?? (
        <EmptyState icon={IconHistory} title="No runs yet">
          Every run of a pipeline shows up here, the newest first.
        </EmptyState>
      )
    );
  }
  return (
    <Table.ScrollContainer minWidth={680} type="native">
      <Table highlightOnHover className={classes.table ?? ""}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th w={116}>Status</Table.Th>
            <Table.Th>{named ? "Pipeline" : "Run"}</Table.Th>
            <Table.Th w={110}>Trigger</Table.Th>
            <Table.Th w={120}>Started</Table.Th>
            <Table.Th w={110} ta="right">
              Duration
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {runs.map((run) => (
            <RunRow key={run.id} run={run} named={named} />
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function RunRow({ run, named }: { run: Run; named: boolean }) {
  return (
    <Table.Tr>
      <Table.Td>
        <StatusBadge status={run.status} />
      </Table.Td>
      <Table.Td className={classes.wide ?? ""}>
        <TextLink to="/runs/$runId" params={{ runId: run.id }} className={classes.name ?? ""}>
          <bdi>{named ? run.pipeline_name : run.id}</bdi>
        </TextLink>
        {run.error && (
          <span className={classes.under} title={run.error} dir="auto">
            {run.error}
          </span>
        )}
        {run.wait_reason && (
          <span className={classes.under} title={run.wait_reason} dir="auto">
            Waits: {run.wait_reason}
          </span>
        )}
      </Table.Td>
      <Table.Td className={classes.soft ?? ""}>{run.trigger}</Table.Td>
      <Table.Td className={classes.soft ?? ""}>
        <RelativeTime at={run.started_at ?? run.created_at} />
      </Table.Td>
      <Table.Td className={classes.number ?? ""}>
        <RunDuration run={run} />
      </Table.Td>
    </Table.Tr>
  );
}
