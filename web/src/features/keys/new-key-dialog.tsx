import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { Failure } from "../../ui/failure";
import { SecretOnce } from "../../ui/secret-once";
import { type MadeService, useCreateService } from "./commands";
import { expiresAt, expiryChoices } from "./expiry";
import { type ServiceDraft, ServiceFields, serviceProblems } from "./service-fields";

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
  const [draft, setDraft] = useState<ServiceDraft>({
    name: "",
    permissions: [],
    expiry: { choice: "Never", day: "" },
  });
  const create = useCreateService();
  const wrong = serviceProblems(create.error);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const end = expiresAt(draft.expiry, Date.now());
    create.mutate(
      {
        service_name: draft.name,
        permissions: draft.permissions,
        ...(end ? { expires_at: end } : {}),
      },
      { onSuccess: onMade },
    );
  };
  return (
    <form onSubmit={submit}>
      <ServiceFields draft={draft} onChange={setDraft} expiries={expiryChoices} wrong={wrong.at} />
      {wrong.rest && <Failure error={wrong.rest} />}
      <Group justify="flex-end" mt="lg" gap="xs">
        <Button variant="default" onClick={onClose}>
          Not now
        </Button>
        <Button type="submit" loading={create.isPending}>
          Generate Token
        </Button>
      </Group>
    </form>
  );
}

function Made({ service, onClose }: { service: MadeService; onClose: () => void }) {
  const call = `curl -H "Authorization: Bearer ${service.token}" ${window.location.origin}/api/pipelines`;
  return (
    <Stack gap="sm">
      <Text style={{ overflowWrap: "anywhere" }}>
        Give the token to <strong>{service.service_name}</strong> now: it is not shown again.
        Whoever has it may do what you chose, so keep it like a password.
        {service.permissions.length === 0 && " It may do nothing yet: edit it to switch that on."}
      </Text>
      <SecretOnce label="Token" text={service.token} />
      <SecretOnce label="Try it" text={call} />
      <Group justify="flex-end" mt="xs">
        <Button onClick={onClose}>Done</Button>
      </Group>
    </Stack>
  );
}
