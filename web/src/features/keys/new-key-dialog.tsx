import { Button, Group, Modal, NativeSelect, Stack, Text, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { ApiError } from "../../lib/api";
import { type FieldProblems, fieldProblems } from "../../lib/field-problems";
import { Failure } from "../../ui/failure";
import { SecretOnce } from "../../ui/secret-once";
import { type MadeService, useCreateService } from "./commands";
import { expiresAt, expiryChoices } from "./expiry";
import { PermissionChoice } from "./permission-choice";

type Props = { opened: boolean; onClose: () => void };

/** Makes a token for a program and shows it this one time. */
export function NewKeyDialog({ opened, onClose }: Props) {
  const [made, setMade] = useState<MadeService>();
  const close = () => {
    setMade(undefined);
    onClose();
  };
  return (
    <Modal
      opened={opened}
      onClose={close}
      size={720}
      // A slip of the mouse must not lose what is shown only once.
      closeOnClickOutside={!made}
      closeOnEscape={!made}
      title={<Text fw={650}>Create API Token</Text>}
    >
      {made ? (
        <Made service={made} onClose={close} />
      ) : (
        <NewKeyForm onMade={setMade} onClose={close} />
      )}
    </Modal>
  );
}

type FormProps = { onMade: (service: MadeService) => void; onClose: () => void };

function NewKeyForm({ onMade, onClose }: FormProps) {
  const [name, setName] = useState("");
  const [permissions, setPermissions] = useState<string[]>([]);
  const [expiry, setExpiry] = useState({ choice: "90 days", day: "" });
  const create = useCreateService();
  const wrong = keyProblems(create.error);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const end = expiresAt(expiry, Date.now());
    create.mutate(
      { service_name: name, permissions, ...(end ? { expires_at: end } : {}) },
      { onSuccess: onMade },
    );
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <TextInput
          label="Service Name"
          description="The program that uses the token, such as nightly-loader."
          required
          data-autofocus
          autoComplete="off"
          value={name}
          error={wrong.at.name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Group gap="sm" align="flex-start" grow>
          <NativeSelect
            label="Expires"
            data={[...expiryChoices]}
            value={expiry.choice}
            error={wrong.at.expiry}
            onChange={(event) => setExpiry({ ...expiry, choice: event.currentTarget.value })}
          />
          {expiry.choice === "On a day" && (
            <TextInput
              type="date"
              label="Last day"
              required
              value={expiry.day}
              onChange={(event) => setExpiry({ ...expiry, day: event.currentTarget.value })}
            />
          )}
        </Group>
        <PermissionChoice chosen={permissions} onChange={setPermissions} />
      </Stack>
      {wrong.rest && <Failure error={wrong.rest} />}
      <Group justify="flex-end" mt="lg" gap="xs">
        <Button variant="default" onClick={onClose}>
          Not now
        </Button>
        <Button type="submit" loading={create.isPending} disabled={permissions.length === 0}>
          Generate Token
        </Button>
      </Group>
    </form>
  );
}

function keyProblems(error: Error | null): FieldProblems {
  if (error instanceof ApiError && error.code === "service_exists") {
    return { at: { name: error.message }, rest: null };
  }
  return fieldProblems(error, { name: ["service_name"], expiry: ["expires_at"] });
}

function Made({ service, onClose }: { service: MadeService; onClose: () => void }) {
  const call = `curl -H "Authorization: Bearer ${service.token}" ${window.location.origin}/api/pipelines`;
  return (
    <Stack gap="sm">
      <Text style={{ overflowWrap: "anywhere" }}>
        Give the token to <strong>{service.service_name}</strong> now: it is not shown again.
        Whoever has it may do what you chose, so keep it like a password.
      </Text>
      <SecretOnce label="Token" text={service.token} />
      <SecretOnce label="Try it" text={call} />
      <Group justify="flex-end" mt="xs">
        <Button onClick={onClose}>Done</Button>
      </Group>
    </Stack>
  );
}
