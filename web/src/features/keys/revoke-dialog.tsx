import { Text } from "@mantine/core";
import type { ServiceAccount } from "../../lib/accounts";
import { ConfirmDialog } from "../../ui/confirm-dialog";
import { notifyDone } from "../../ui/notify";
import { RelativeTime } from "../../ui/relative-time";
import { useRevoke } from "./commands";

type Props = { service: ServiceAccount; opened: boolean; onClose: () => void };

/** Ends a token for good. */
export function RevokeDialog({ service, opened, onClose }: Props) {
  const revoke = useRevoke(service.id);
  const close = () => {
    revoke.reset();
    onClose();
  };
  const confirm = () =>
    revoke.mutate(undefined, {
      onSuccess: () => {
        notifyDone(`The token of “${service.service_name}” does not work any more.`);
        onClose();
      },
    });
  return (
    <ConfirmDialog
      opened={opened}
      title="Revoke this token?"
      confirmLabel="Revoke"
      danger
      pending={revoke.isPending}
      error={revoke.error}
      onConfirm={confirm}
      onClose={close}
    >
      <Text style={{ overflowWrap: "anywhere" }}>
        Whatever uses the token of <strong>{service.service_name}</strong> is refused from now on
        {service.last_used_at && (
          <>
            ; it was last used <RelativeTime at={service.last_used_at} />
          </>
        )}
        . It cannot be taken back. The line stays in the list, so that its traces keep a name.
      </Text>
    </ConfirmDialog>
  );
}
