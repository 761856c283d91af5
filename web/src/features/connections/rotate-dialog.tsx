import { Button, Group, Modal, PasswordInput, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { post } from "../../lib/api";
import {
  type Connection,
  type ConnectionTrial,
  save,
  useConnectionCommand,
} from "../../lib/connections";
import { Failure } from "../../ui/failure";
import { notifyDone } from "../../ui/notify";
import { TrialResult } from "./trial-result";

type Props = { connection: Connection; onClose: () => void };

/** Gives a connection a new secret, which is tried before it takes the place of the old one. */
export function RotateDialog({ connection, onClose }: Props) {
  const name = connection.conn_id;
  const [password, setPassword] = useState("");
  const keeping = useConnectionCommand(() => save({ password }, name));
  const keep = () =>
    keeping.mutate(undefined, {
      onSuccess: () => {
        notifyDone(`${name} has the new secret.`);
        onClose();
      },
    });
  const trial = useMutation({
    mutationFn: () =>
      post<ConnectionTrial>("/api/test-connection", { connection: { conn_id: name, password } }),
    onSuccess: ({ success }) => success && keep(),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    trial.mutate();
  };
  const refused = trial.data?.success === false;
  const elsewhere = connection.password_ref && !connection.password_ref.startsWith("encrypted://");
  return (
    <Modal
      opened
      onClose={onClose}
      closeOnClickOutside={false}
      title={
        <Text fw={650}>
          New secret of <bdi>{name}</bdi>
        </Text>
      }
    >
      <form onSubmit={submit}>
        <Stack gap="sm">
          <PasswordInput
            data-autofocus
            required
            label="New secret"
            description={
              elsewhere
                ? `It takes the place of ${connection.password_ref}, and is kept here, sealed.`
                : "It is tried first. The old one is used until the new one works."
            }
            autoComplete="new-password"
            value={password}
            onChange={(event) => {
              setPassword(event.currentTarget.value);
              trial.reset();
            }}
          />
          {trial.error && <Failure error={trial.error} />}
          {keeping.error && <Failure error={keeping.error} />}
          {refused && trial.data && <TrialResult trial={trial.data} />}
          <Group justify="flex-end" gap="xs">
            {refused && (
              <Button variant="default" mr="auto" loading={keeping.isPending} onClick={keep}>
                Keep it anyway
              </Button>
            )}
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={trial.isPending || keeping.isPending}>
              Test and keep
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
