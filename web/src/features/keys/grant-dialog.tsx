import { Button, Group, Modal, Text } from "@mantine/core";
import { type FormEvent, useState } from "react";
import type { ServiceAccount } from "../../lib/model";
import { Failure } from "../../ui/failure";
import { notifyDone } from "../../ui/notify";
import { useGrant } from "./commands";
import { PermissionChoice } from "./permission-choice";

type Props = { service: ServiceAccount; opened: boolean; onClose: () => void };

/** Changes what a token may do, from its next call on. */
export function GrantDialog({ service, opened, onClose }: Props) {
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      size={720}
      title={
        <Text fw={650} lineClamp={2} style={{ overflowWrap: "anywhere" }}>
          Permissions of <bdi>{service.service_name}</bdi>
        </Text>
      }
    >
      <GrantForm service={service} onClose={onClose} />
    </Modal>
  );
}

function GrantForm({ service, onClose }: { service: ServiceAccount; onClose: () => void }) {
  const [chosen, setChosen] = useState(service.permissions);
  const grant = useGrant(service.id);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    grant.mutate(chosen, {
      onSuccess: () => {
        notifyDone(`“${service.service_name}” has these permissions from its next call on.`);
        onClose();
      },
    });
  };
  return (
    <form onSubmit={submit}>
      <PermissionChoice chosen={chosen} onChange={setChosen} />
      {grant.error && <Failure error={grant.error} />}
      <Group justify="flex-end" mt="lg" gap="xs">
        <Button variant="default" onClick={onClose}>
          Keep as it is
        </Button>
        <Button type="submit" loading={grant.isPending}>
          Save permissions
        </Button>
      </Group>
    </form>
  );
}
