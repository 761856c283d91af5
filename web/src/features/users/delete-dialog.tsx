import { Text } from "@mantine/core";
import type { User } from "../../lib/accounts";
import { ConfirmDialog } from "../../ui/confirm-dialog";
import { notifyDone } from "../../ui/notify";
import { AccountFailure } from "./account-failure";
import { useDeleteUser } from "./commands";

type Props = { user: User; own: boolean; opened: boolean; onClose: () => void };

/** Destroys an account once it is clear what goes and what stays. */
export function DeleteDialog({ user, own, opened, onClose }: Props) {
  const destroy = useDeleteUser(user.id);
  const close = () => {
    destroy.reset();
    onClose();
  };
  const confirm = () =>
    destroy.mutate(undefined, {
      onSuccess: () => {
        notifyDone(`The account “${user.username}” was deleted.`);
        onClose();
      },
    });
  return (
    <ConfirmDialog
      opened={opened}
      title="Delete this account?"
      confirmLabel="Delete"
      danger
      pending={destroy.isPending}
      failure={destroy.error && <AccountFailure error={destroy.error} />}
      onConfirm={confirm}
      onClose={close}
    >
      <Text style={{ overflowWrap: "anywhere" }}>
        This destroys the account <strong>{user.username}</strong> with its password, ends all its
        sessions, and stops the API tokens it made. Pipelines and runs stay, and so does what the
        audit log says about it. It cannot be taken back; to keep the account out for a while,
        disable it instead.
        {own && " It is your own account: you are signed out at once."}
      </Text>
    </ConfirmDialog>
  );
}
