import { Badge, Table } from "@mantine/core";
import type { PipelineHealth } from "../../lib/model";
import { TextLink } from "../../ui/links";
import { RelativeTime } from "../../ui/relative-time";
import { RunTicks } from "../../ui/run-ticks";
import { StatusBadge } from "../../ui/status-badge";
import tables from "../../ui/tables.module.css";
import classes from "./pipelines.module.css";
import { RowActions } from "./row-actions";

type Props = { pipelines: PipelineHealth[]; onRun: (id: string) => void };

/** The pipelines, one a line. */
export function PipelineTable({ pipelines, onRun }: Props) {
  return (
    <Table.ScrollContainer minWidth={860} type="native">
      <Table highlightOnHover className={tables.table ?? ""}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Name</Table.Th>
            <Table.Th w={170}>Tags</Table.Th>
            <Table.Th w={170}>Recent runs</Table.Th>
            <Table.Th w={112}>Last run</Table.Th>
            <Table.Th w={104}>When</Table.Th>
            <Table.Th w={96} aria-label="Actions" />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {pipelines.map((pipeline) => (
            <PipelineRow key={pipeline.id} pipeline={pipeline} onRun={onRun} />
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function PipelineRow({
  pipeline,
  onRun,
}: {
  pipeline: PipelineHealth;
  onRun: (id: string) => void;
}) {
  return (
    <Table.Tr>
      <Table.Td className={tables.wide ?? ""}>
        <TextLink
          to="/pipelines/$pipelineId"
          params={{ pipelineId: pipeline.id }}
          className={tables.name ?? ""}
          title={pipeline.name}
        >
          <bdi>{pipeline.name}</bdi>
        </TextLink>
        {pipeline.description && (
          <span className={tables.under} title={pipeline.description} dir="auto">
            {pipeline.description}
          </span>
        )}
      </Table.Td>
      <Table.Td>
        <Tags tags={pipeline.tags ?? []} draft={pipeline.draft} />
      </Table.Td>
      <Table.Td>
        <RunTicks runs={pipeline.recent ?? []} />
      </Table.Td>
      <Table.Td>
        {pipeline.last_run_status ? (
          <StatusBadge status={pipeline.last_run_status} />
        ) : (
          <span className={tables.soft}>Never ran</span>
        )}
      </Table.Td>
      <Table.Td className={tables.soft ?? ""}>
        <RelativeTime at={pipeline.last_run_at} />
        {pipeline.next_run_at && (
          <span className={tables.under}>
            next <RelativeTime at={pipeline.next_run_at} />
          </span>
        )}
      </Table.Td>
      <Table.Td>
        <RowActions pipeline={pipeline} onRun={() => onRun(pipeline.id)} />
      </Table.Td>
    </Table.Tr>
  );
}

function Tags({ tags, draft }: { tags: string[]; draft: boolean | undefined }) {
  return (
    <div className={classes.tags}>
      {draft && (
        <Badge size="sm" variant="outline" color="gray" tt="none" c="var(--text-soft)">
          Draft
        </Badge>
      )}
      {tags.slice(0, 3).map((tag) => (
        <Badge key={tag} size="sm" variant="default" radius="sm" tt="none" fw={500}>
          {tag}
        </Badge>
      ))}
      {tags.length > 3 && (
        <span className={classes.more} title={tags.slice(3).join(", ")}>
          +{tags.length - 3}
        </span>
      )}
    </div>
  );
}
