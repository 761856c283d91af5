import { Button, Group, Modal, Text } from "@mantine/core";
import { type FormEvent, useState } from "react";
import type { User } from "../../lib/accounts";
import { notifyDone } from "../../ui/notify";
import { AccountFailure } from "./account-failure";
import { useUpdateUser } from "./commands";
import { RoleChoice } from "./role-choice";

type Props = { user: User; opened: boolean; onClose: () => void };

/** Gives an account another role. */
export function RoleDialog({ user, opened, onClose }: Props) {
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={
        <Text fw={650} lineClamp={2} style={{ overflowWrap: "anywhere" }}>
          Role of <bdi>{user.username}</bdi>
        </Text>
      }
    >
      <RoleForm user={user} onClose={onClose} />
    </Modal>
  );
}

function RoleForm({ user, onClose }: { user: User; onClose: () => void }) {
  const [role, setRole] = useState(user.role);
  const update = useUpdateUser(user.id);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    update.mutate(
      { role },
      {
        onSuccess: () => {
          notifyDone(`“${user.username}” is ${role} now.`);
          onClose();
        },
      },
    );
  };
  return (
    <form onSubmit={submit}>
      <RoleChoice value={role} onChange={setRole} />
      {update.error && <AccountFailure error={update.error} />}
      <Group justify="flex-end" mt="lg" gap="xs">
        <Button variant="default" onClick={onClose}>
          Keep as it is
        </Button>
        <Button type="submit" loading={update.isPending} disabled={role === user.role}>
          Change role
        </Button>
      </Group>
    </form>
  );
}
