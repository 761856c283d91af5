import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { IconPlayerPlayFilled } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { useStartRun } from "../lib/commands";
import type { Parameter, Params } from "../lib/model";
import { pipelineQuery } from "../lib/queries";
import { Failure } from "./failure";
import { notifyFailed } from "./notify";
import { givenOf, ParamFields, paramsOf } from "./param-fields";

type Declared = Record<string, Parameter>;

type Launch = { id: string; name: string; params: Params; declared: Declared };

/**
 * Starting a run from any page: asks for the parameters when the pipeline has any,
 * then opens the new run. Render `dialog` once beside whatever calls `launch`.
 */
export function useRunLauncher() {
  const client = useQueryClient();
  const navigate = useNavigate();
  const start = useStartRun();
  const [asking, setAsking] = useState<Launch>();

  const run = (id: string, params: Params) =>
    start.mutate(
      { id, params },
      {
        onSuccess: ({ run_id }) => {
          setAsking(undefined);
          void navigate({ to: "/runs/$runId", params: { runId: run_id } });
        },
        onError: (error) => {
          if (Object.keys(params).length === 0) notifyFailed("The run did not start", error);
        },
      },
    );

  const launch = async (id: string, given?: Params) => {
    try {
      const pipeline = await client.fetchQuery(pipelineQuery(id));
      const declared = pipeline.parameters ?? {};
      const params = { ...paramsOf(declared, pipeline.params), ...given };
      start.reset();
      if (Object.keys(params).length === 0) run(id, {});
      else setAsking({ id, name: pipeline.name, params, declared });
    } catch (error) {
      if (error instanceof Error) notifyFailed("The run did not start", error);
    }
  };

  const dialog = asking && (
    <ParamsDialog
      launch={asking}
      pending={start.isPending}
      error={start.error}
      onRun={(params) => run(asking.id, params)}
      onClose={() => setAsking(undefined)}
    />
  );
  return { launch, dialog, starting: start.isPending };
}

type DialogProps = {
  launch: Launch;
  pending: boolean;
  error: Error | null;
  onRun: (params: Params) => void;
  onClose: () => void;
};

function ParamsDialog({ launch, pending, error, onRun, onClose }: DialogProps) {
  const [params, setParams] = useState(launch.params);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onRun(givenOf(params, launch.declared));
  };
  return (
    <Modal opened onClose={onClose} title={<Text fw={650}>Run {launch.name}</Text>}>
      <form onSubmit={submit}>
        <Stack gap="sm">
          <Text c="dimmed">These values hold for this run only.</Text>
          <ParamFields params={params} declared={launch.declared} onChange={setParams} focusFirst />
        </Stack>
        {error && <Failure error={error} />}
        <Group justify="flex-end" mt="lg" gap="xs">
          <Button variant="default" onClick={onClose}>
            Not now
          </Button>
          <Button type="submit" loading={pending} leftSection={<IconPlayerPlayFilled size={14} />}>
            Run
          </Button>
        </Group>
      </form>
    </Modal>
  );
}
