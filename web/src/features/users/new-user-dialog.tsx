import { Button, Group, Modal, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { fieldProblems } from "../../lib/field-problems";
import { Failure } from "../../ui/failure";
import { notifyDone } from "../../ui/notify";
import { type NewUser, useCreateUser } from "./commands";
import { RoleChoice } from "./role-choice";

type Props = { opened: boolean; onClose: () => void };

/** Makes an account for somebody. */
export function NewUserDialog({ opened, onClose }: Props) {
  return (
    <Modal opened={opened} onClose={onClose} title={<Text fw={650}>Make an account</Text>}>
      <NewUserForm onClose={onClose} />
    </Modal>
  );
}

function NewUserForm({ onClose }: { onClose: () => void }) {
  const [user, setUser] = useState<NewUser>({ username: "", password: "", role: "viewer" });
  const create = useCreateUser();
  const wrong = fieldProblems(create.error, {
    username: ["username"],
    password: ["password"],
    role: ["role"],
  });
  const change = (part: Partial<NewUser>) => setUser({ ...user, ...part });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate(user, {
      onSuccess: (made) => {
        notifyDone(`“${made.username}” can sign in now.`);
        onClose();
      },
    });
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <TextInput
          label="Name"
          required
          data-autofocus
          autoComplete="off"
          value={user.username}
          error={wrong.at.username}
          onChange={(event) => change({ username: event.currentTarget.value })}
        />
        <PasswordInput
          label="Password"
          description="Tell it to the person in a safe way; they can change it in their profile."
          required
          autoComplete="new-password"
          value={user.password}
          error={wrong.at.password}
          onChange={(event) => change({ password: event.currentTarget.value })}
        />
        <RoleChoice value={user.role} error={wrong.at.role} onChange={(role) => change({ role })} />
      </Stack>
      {wrong.rest && <Failure error={wrong.rest} />}
      <Group justify="flex-end" mt="lg" gap="xs">
        <Button variant="default" onClick={onClose}>
          Not now
        </Button>
        <Button type="submit" loading={create.isPending}>
          Make the account
        </Button>
      </Group>
    </form>
  );
}
