import { ActionIcon, Menu } from "@mantine/core";
import { IconBan, IconDots, IconPencil } from "@tabler/icons-react";
import { useState } from "react";
import type { ServiceAccount } from "../../lib/accounts";
import { EditDialog } from "./edit-dialog";
import { RevokeDialog } from "./revoke-dialog";

/** What can be done with one service account. */
export function KeyMenu({ service }: { service: ServiceAccount }) {
  const [dialog, setDialog] = useState<"edit" | "revoke">();
  const close = () => setDialog(undefined);
  return (
    <>
      <Menu position="bottom-end" width={200}>
        <Menu.Target>
          <ActionIcon aria-label={`More for ${service.service_name}`} size="input-xs">
            <IconDots size={17} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconPencil size={16} />} onClick={() => setDialog("edit")}>
            Edit…
          </Menu.Item>
          <Menu.Item
            color="var(--bad-text)"
            leftSection={<IconBan size={16} />}
            onClick={() => setDialog("revoke")}
          >
            Revoke…
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <EditDialog service={service} opened={dialog === "edit"} onClose={close} />
      <RevokeDialog service={service} opened={dialog === "revoke"} onClose={close} />
    </>
  );
}
