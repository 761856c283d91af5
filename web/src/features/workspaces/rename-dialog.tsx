import { Button, Group, Modal, Text, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import type { Workspace } from "../../lib/accounts";
import { Failure } from "../../ui/failure";
import { notifyDone } from "../../ui/notify";
import { useRenameWorkspace } from "./commands";

type Props = { workspace: Workspace; opened: boolean; onClose: () => void };

/** Gives a workspace another name. */
export function RenameDialog({ workspace, opened, onClose }: Props) {
  return (
    <Modal opened={opened} onClose={onClose} title={<Text fw={650}>Rename the workspace</Text>}>
      <RenameForm workspace={workspace} onClose={onClose} />
    </Modal>
  );
}

function RenameForm({ workspace, onClose }: { workspace: Workspace; onClose: () => void }) {
  const [name, setName] = useState(workspace.name);
  const rename = useRenameWorkspace(workspace.id);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    rename.mutate(name, {
      onSuccess: (renamed) => {
        notifyDone(`It is called “${renamed.name}” now.`);
        onClose();
      },
    });
  };
  return (
    <form onSubmit={submit}>
      <TextInput
        label="Name"
        description={`The id stays ${workspace.id}.`}
        required
        data-autofocus
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      {rename.error && <Failure error={rename.error} />}
      <Group justify="flex-end" mt="lg" gap="xs">
        <Button variant="default" onClick={onClose}>
          Keep as it is
        </Button>
        <Button type="submit" loading={rename.isPending} disabled={name.trim() === workspace.name}>
          Rename
        </Button>
      </Group>
    </form>
  );
}
