import { Text } from "@mantine/core";
import type { Workspace } from "../../lib/accounts";
import { ConfirmDialog } from "../../ui/confirm-dialog";
import { notifyDone } from "../../ui/notify";
import { useDeleteWorkspace } from "./commands";

type Props = { workspace: Workspace; opened: boolean; onClose: () => void };

/** Destroys an empty workspace; the server says what is still in one that is not. */
export function DeleteDialog({ workspace, opened, onClose }: Props) {
  const destroy = useDeleteWorkspace(workspace.id);
  const close = () => {
    destroy.reset();
    onClose();
  };
  const confirm = () =>
    destroy.mutate(undefined, {
      onSuccess: () => {
        notifyDone(`The workspace “${workspace.name}” was deleted.`);
        onClose();
      },
    });
  return (
    <ConfirmDialog
      opened={opened}
      title="Delete this workspace?"
      confirmLabel="Delete"
      danger
      pending={destroy.isPending}
      error={destroy.error}
      onConfirm={confirm}
      onClose={close}
    >
      <Text style={{ overflowWrap: "anywhere" }}>
        <strong>{workspace.name}</strong> goes only when nothing is left in it. Its members stay in
        the other workspaces that they belong to. Its id cannot be used again.
      </Text>
    </ConfirmDialog>
  );
}
