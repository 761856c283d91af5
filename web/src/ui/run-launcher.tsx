import { Button, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { IconPlayerPlayFilled } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { useStartRun } from "../lib/commands";
import type { Parameter, Params } from "../lib/model";
import { pipelineQuery } from "../lib/queries";
import { Failure } from "./failure";
import { notifyFailed } from "./notify";

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
      const blank = Object.fromEntries(Object.keys(declared).map((name) => [name, ""]));
      const params = { ...blank, ...pipeline.params, ...given };
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
    // What is left blank is not given, as a blank date would be a wrong one.
    const given = Object.entries(params).filter(([name, value]) => value || !launch.declared[name]);
    onRun(Object.fromEntries(given));
  };
  return (
    <Modal opened onClose={onClose} title={<Text fw={650}>Run {launch.name}</Text>}>
      <form onSubmit={submit}>
        <Stack gap="sm">
          <Text c="dimmed">These values hold for this run only.</Text>
          {Object.entries(params).map(([name, value], index) => (
            <TextInput
              key={name}
              label={name}
              description={hintOf(launch.declared[name])}
              required={launch.declared[name]?.required ?? false}
              value={value}
              data-autofocus={index === 0 || undefined}
              onChange={(event) => setParams({ ...params, [name]: event.currentTarget.value })}
            />
          ))}
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

/** What a parameter is for and takes, in words. */
function hintOf(parameter: Parameter | undefined): string | undefined {
  const { description, type, one_of } = parameter ?? {};
  const takes = one_of?.length ? `One of ${one_of.join(", ")}.` : type && forms[type];
  return [description, takes].filter(Boolean).join(" ") || undefined;
}

const forms = {
  text: "",
  integer: "A whole number.",
  number: "A number.",
  boolean: "true or false.",
  date: "A day, such as 2026-03-01.",
  timestamp: "A time, such as 2026-03-01T12:00:00Z.",
};
