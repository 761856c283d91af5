import { ActionIcon, Menu } from "@mantine/core";
import { IconBan, IconDots, IconListCheck } from "@tabler/icons-react";
import { useState } from "react";
import type { ServiceAccount } from "../../lib/model";
import { GrantDialog } from "./grant-dialog";
import { RevokeDialog } from "./revoke-dialog";

/** What can be done with one service account. */
export function KeyMenu({ service }: { service: ServiceAccount }) {
  const [dialog, setDialog] = useState<"grant" | "revoke">();
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
          <Menu.Item leftSection={<IconListCheck size={16} />} onClick={() => setDialog("grant")}>
            Edit permissions…
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
      <GrantDialog service={service} opened={dialog === "grant"} onClose={close} />
      <RevokeDialog service={service} opened={dialog === "revoke"} onClose={close} />
    </>
  );
}
