import { ActionIcon, Group, Tooltip } from "@mantine/core";
import { IconPlayerPlay } from "@tabler/icons-react";
import type { PipelineHealth } from "../../lib/model";
import { useMay } from "../../lib/session";
import { PipelineMenu } from "../../ui/pipeline-menu";

/** What can be done with one pipeline of the list. */
export function RowActions({ pipeline, onRun }: { pipeline: PipelineHealth; onRun: () => void }) {
  const may = useMay();
  return (
    <Group gap={2} justify="flex-end" wrap="nowrap">
      {may("pipelines.run") && (
        <Tooltip label="Run now">
          <ActionIcon aria-label={`Run ${pipeline.name}`} onClick={onRun} color="ink">
            <IconPlayerPlay size={17} />
          </ActionIcon>
        </Tooltip>
      )}
      <PipelineMenu id={pipeline.id} name={pipeline.name} runsTotal={pipeline.runs_total} />
    </Group>
  );
}
