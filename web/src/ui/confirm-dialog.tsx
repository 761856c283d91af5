import { Button, Group, Modal, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { Failure } from "./failure";

type Props = {
  opened: boolean;
  title: string;
  /** What will be gone or changed. */
  children: ReactNode;
  confirmLabel: string;
  danger?: boolean;
  pending: boolean;
  error?: Error | null;
  /** Why it did not work, where plain words about the error are not enough. */
  failure?: ReactNode;
  onConfirm: () => void;
  onClose: () => void;
};

/** Asks before something that cannot be taken back. */
export function ConfirmDialog(props: Props) {
  const { opened, title, children, confirmLabel, danger, pending, onConfirm, onClose } = props;
  return (
    <Modal opened={opened} onClose={onClose} title={<Text fw={650}>{title}</Text>}>
      {children}
      {props.failure ?? (props.error && <Failure error={props.error} />)}
      <Group justify="flex-end" mt="lg" gap="xs">
        <Button variant="default" onClick={onClose} data-autofocus={danger || undefined}>
          Keep as it is
        </Button>
        <Button {...(danger ? { color: "red.8" } : {})} loading={pending} onClick={onConfirm}>
          {confirmLabel}
        </Button>
      </Group>
    </Modal>
  );
}
