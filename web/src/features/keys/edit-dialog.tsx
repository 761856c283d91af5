import { Button, Group, Modal, Text } from "@mantine/core";
import { type FormEvent, useState } from "react";
import type { ServiceAccount } from "../../lib/accounts";
import { Failure } from "../../ui/failure";
import { notifyDone } from "../../ui/notify";
import { useChangeService } from "./commands";
import { expiresAt, expiryChoices } from "./expiry";
import { type ServiceDraft, ServiceFields, serviceProblems } from "./service-fields";

type Props = { service: ServiceAccount; opened: boolean; onClose: () => void };

/** Changes the name of a token, its end, and what it may do, from its next call on. */
export function EditDialog({ service, opened, onClose }: Props) {
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      size={720}
      title={
        <Text fw={650} lineClamp={2} style={{ overflowWrap: "anywhere" }}>
          Edit <bdi>{service.service_name}</bdi>
        </Text>
      }
    >
      <EditForm service={service} onClose={onClose} />
    </Modal>
  );
}

const asItIs = "As it is";

function EditForm({ service, onClose }: { service: ServiceAccount; onClose: () => void }) {
  const [draft, setDraft] = useState<ServiceDraft>({
    name: service.service_name,
    permissions: service.permissions,
    expiry: { choice: asItIs, day: "" },
  });
  const change = useChangeService(service.id);
  const wrong = serviceProblems(change.error);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const { name, permissions, expiry } = draft;
    const end = { expires_at: expiresAt(expiry, Date.now()) ?? null };
    change.mutate(
      { service_name: name, permissions, ...(expiry.choice === asItIs ? {} : end) },
      {
        onSuccess: () => {
          notifyDone(`“${name}” is changed, from its next call on.`);
          onClose();
        },
      },
    );
  };
  return (
    <form onSubmit={submit}>
      <ServiceFields
        draft={draft}
        onChange={setDraft}
        expiries={[asItIs, ...expiryChoices]}
        wrong={wrong.at}
      />
      {wrong.rest && <Failure error={wrong.rest} />}
      <Group justify="flex-end" mt="lg" gap="xs">
        <Button variant="default" onClick={onClose}>
          Keep as it is
        </Button>
        <Button type="submit" loading={change.isPending}>
          Save
        </Button>
      </Group>
    </form>
  );
}
