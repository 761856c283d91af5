import { Button, Group, Modal, Text } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { post } from "../../lib/api";
import {
  bodyOf,
  type Connection,
  type ConnectionDraft,
  type ConnectionPreset,
  type ConnectionTrial,
  type ConnectionType,
  connectionTypesQuery,
  draftOf,
  keepsPassword,
  save,
  useConnectionCommand,
} from "../../lib/connections";
import { fieldProblems } from "../../lib/field-problems";
import { Failure } from "../../ui/failure";
import { ErrorState, LoadingRows } from "../../ui/states";
import { ConnectionFields } from "./connection-fields";
import { TrialResult } from "./trial-result";
import { TypeCatalogue } from "./type-catalogue";

type Props = { connection: Connection | undefined; onClose: () => void };

/** Makes a connection, or changes one. */
export function ConnectionDialog({ connection, onClose }: Props) {
  const types = useQuery(connectionTypesQuery);
  return (
    <Modal
      opened
      onClose={onClose}
      size="lg"
      closeOnClickOutside={false}
      title={<Text fw={650}>{connection ? "Edit connection" : "New connection"}</Text>}
    >
      {types.isPending && <LoadingRows rows={4} />}
      {types.isError && <ErrorState error={types.error} onRetry={() => void types.refetch()} />}
      {types.data && <Chosen types={types.data} connection={connection} onClose={onClose} />}
    </Modal>
  );
}

const paths = Object.fromEntries(
  ["conn_id", "type", "host", "port", "schema", "login", "password", "password_ref"].map((name) => [
    name,
    [name, `body.${name}`],
  ]),
);

type Choice = { type: ConnectionType; preset?: ConnectionPreset | undefined };

/** The form of a type, after one was chosen for a connection that is new. */
function Chosen({ types, connection, onClose }: Props & { types: ConnectionType[] }) {
  const [choice, setChoice] = useState<Choice | undefined>(() => {
    const type = types.find((one) => one.type === connection?.type);
    return type && { type };
  });
  if (choice) {
    return (
      <ConnectionForm
        {...choice}
        connection={connection}
        onBack={connection ? undefined : () => setChoice(undefined)}
        onClose={onClose}
      />
    );
  }
  if (connection) return <Text>This server does not know the type {connection.type}.</Text>;
  return <TypeCatalogue types={types} onPick={(type, preset) => setChoice({ type, preset })} />;
}

type FormProps = Props & Choice & { onBack: (() => void) | undefined };

function ConnectionForm({ type, preset, connection, onBack, onClose }: FormProps) {
  const [draft, setDraft] = useState(() => ({
    ...draftOf(connection, type.type),
    ...(preset && { options: preset.options }),
  }));
  const saving = useConnectionCommand((body: Record<string, unknown>) =>
    save(body, connection?.conn_id),
  );
  const trial = useMutation({
    mutationFn: (body: Record<string, unknown>) =>
      post<ConnectionTrial>("/api/test-connection", { connection: body }),
  });
  const wrong = fieldProblems(saving.error, paths);
  const change = (next: Partial<ConnectionDraft>) => {
    setDraft({ ...draft, ...next });
    trial.reset();
  };
  const body = () => bodyOf(draft, type, connection);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    saving.mutate(body(), { onSuccess: onClose });
  };
  // A secret that is kept is with the server alone, which opens it for what is saved.
  const saved =
    (keepsPassword(connection) && !draft.password && !draft.password_ref) ||
    (connection?.extra_ref !== undefined && Object.keys(draft.extra).length === 0);
  return (
    <form onSubmit={submit}>
      <ConnectionFields
        type={preset ? { ...type, ...preset, type: type.type } : type}
        onBack={onBack}
        connection={connection}
        draft={draft}
        wrong={wrong.at}
        onChange={change}
      />
      {wrong.rest && <Failure error={wrong.rest} />}
      {trial.error && <Failure error={trial.error} />}
      {trial.data && <TrialResult trial={trial.data} />}
      <Group justify="flex-end" mt="lg" gap="xs">
        <Button
          variant="default"
          mr="auto"
          loading={trial.isPending}
          disabled={saved}
          title={saved ? "Save it first: the test then uses the secret that is kept" : undefined}
          onClick={() => trial.mutate(body())}
        >
          Test
        </Button>
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button type="submit" loading={saving.isPending}>
          Save
        </Button>
      </Group>
    </form>
  );
}
