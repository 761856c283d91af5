import { Text } from "@mantine/core";
import type { User } from "../../lib/accounts";
import { ConfirmDialog } from "../../ui/confirm-dialog";
import { notifyDone } from "../../ui/notify";
import { AccountFailure } from "./account-failure";
import { useUpdateUser } from "./commands";

type Props = { user: User; own: boolean; opened: boolean; onClose: () => void };

/** Keeps an account from signing in, without deleting anything. */
export function DisableDialog({ user, own, opened, onClose }: Props) {
  const update = useUpdateUser(user.id);
  const close = () => {
    update.reset();
    onClose();
  };
  const confirm = () =>
    update.mutate(
      { disabled: true },
      {
        onSuccess: () => {
          notifyDone(`“${user.username}” cannot sign in any more.`);
          onClose();
        },
      },
    );
  return (
    <ConfirmDialog
      opened={opened}
      title="Disable this account?"
      confirmLabel="Disable"
      danger
      pending={update.isPending}
      failure={update.error && <AccountFailure error={update.error} />}
      onConfirm={confirm}
      onClose={close}
    >
      <Text style={{ overflowWrap: "anywhere" }}>
        All sessions of <strong>{user.username}</strong> end. It cannot sign in, and the API tokens
        it made do not work, until somebody enables it again. Nothing is deleted.
        {own && " It is your own account: you are signed out at once."}
      </Text>
    </ConfirmDialog>
  );
}
