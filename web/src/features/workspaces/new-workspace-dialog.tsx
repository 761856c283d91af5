import { Button, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { fieldProblems } from "../../lib/field-problems";
import { Failure } from "../../ui/failure";
import { notifyDone } from "../../ui/notify";
import { useCreateWorkspace } from "./commands";
import { idOf } from "./workspace-id";

type Props = { opened: boolean; onClose: () => void };

/** Makes a workspace. */
export function NewWorkspaceDialog({ opened, onClose }: Props) {
  return (
    <Modal opened={opened} onClose={onClose} title={<Text fw={650}>Make a workspace</Text>}>
      <NewWorkspaceForm onClose={onClose} />
    </Modal>
  );
}

function NewWorkspaceForm({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  const [typed, setTyped] = useState<string>();
  const id = typed ?? idOf(name);
  const create = useCreateWorkspace();
  const wrong = fieldProblems(create.error, { id: ["id"], name: ["name"] });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate(
      { id, name },
      {
        onSuccess: (made) => {
          notifyDone(`The workspace “${made.name}” is there. Add its members next.`);
          onClose();
        },
      },
    );
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <TextInput
          label="Name"
          required
          data-autofocus
          autoComplete="off"
          value={name}
          error={wrong.at.name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <TextInput
          label="Id"
          description="What programs call it. It cannot be changed."
          required
          autoComplete="off"
          value={id}
          error={wrong.at.id}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
      </Stack>
      {wrong.rest && <Failure error={wrong.rest} />}
      <Group justify="flex-end" mt="lg" gap="xs">
        <Button variant="default" onClick={onClose}>
          Not now
        </Button>
        <Button type="submit" loading={create.isPending}>
          Make the workspace
        </Button>
      </Group>
    </form>
  );
}
