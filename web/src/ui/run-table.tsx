import { Checkbox, Table, VisuallyHidden } from "@mantine/core";
import { IconHistory } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { formatExact, shortId } from "../lib/format";
import type { Run } from "../lib/model";
import { triggerWord } from "../lib/run-triggers";
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
  /** Lets runs be chosen, such as to be compared. */
  choice?: { chosen: readonly string[]; onToggle: (runId: string) => void };
};

/** Runs, one a line, newest first. */
export function RunTable({ runs, named = true, empty, choice }: Props) {
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
            {choice && (
              <Table.Th w={44}>
                <VisuallyHidden>Compare</VisuallyHidden>
              </Table.Th>
            )}
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
            <RunRow key={run.id} run={run} named={named} choice={choice} />
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

type RowProps = { run: Run; named: boolean; choice: Props["choice"] };

function RunRow({ run, named, choice }: RowProps) {
  return (
    <Table.Tr>
      {choice && (
        <Table.Td>
          <Checkbox
            size="xs"
            aria-label={`Compare run ${shortId(run.id)} of ${run.pipeline_name}`}
            checked={choice.chosen.includes(run.id)}
            onChange={() => choice.onToggle(run.id)}
          />
        </Table.Td>
      )}
      <Table.Td>
        <StatusBadge status={run.status} />
      </Table.Td>
      <Table.Td className={classes.wide ?? ""}>
        <TextLink to="/runs/$runId" params={{ runId: run.id }} className={classes.name ?? ""}>
          <bdi>{named ? run.pipeline_name : formatExact(run.created_at)}</bdi>
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
      <Table.Td className={classes.soft ?? ""}>{triggerWord(run.trigger)}</Table.Td>
      <Table.Td className={classes.soft ?? ""}>
        <RelativeTime at={run.started_at ?? run.created_at} />
      </Table.Td>
      <Table.Td className={classes.number ?? ""}>
        <RunDuration run={run} />
      </Table.Td>
    </Table.Tr>
  );
}
