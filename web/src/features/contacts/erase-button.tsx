import { Button, Text } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { type Contact, contactKeys, contactName } from "../../lib/contacts";
import { ConfirmDialog } from "../../ui/confirm-dialog";
import { notifyDone } from "../../ui/notify";
import { useEraseContact } from "./commands";

/** Destroys a contact once it is clear what goes. */
export function EraseButton({ contact }: { contact: Contact }) {
  const [opened, setOpened] = useState(false);
  const navigate = useNavigate();
  const erase = useEraseContact(contact.id);
  const client = useQueryClient();
  const confirm = () =>
    erase.mutate(undefined, {
      onSuccess: async () => {
        notifyDone("The contact was erased.");
        await navigate({ to: "/contacts" });
        // Only now: the page that was left would ask for it again.
        client.removeQueries({ queryKey: [...contactKeys, contact.id] });
      },
    });
  return (
    <>
      <Button
        variant="default"
        leftSection={<IconTrash size={16} />}
        onClick={() => setOpened(true)}
      >
        Erase
      </Button>
      <ConfirmDialog
        opened={opened}
        title="Erase this contact?"
        confirmLabel="Erase"
        danger
        pending={erase.isPending}
        error={erase.error}
        onConfirm={confirm}
        onClose={() => {
          erase.reset();
          setOpened(false);
        }}
      >
        <Text style={{ overflowWrap: "anywhere" }}>
          This destroys everything that is kept about <strong>{contactName(contact)}</strong>: the
          record, its history and its files. It cannot be taken back. The audit log keeps that it
          was done, by whom and when.
        </Text>
      </ConfirmDialog>
    </>
  );
}
