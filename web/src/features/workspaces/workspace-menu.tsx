import { ActionIcon, Menu } from "@mantine/core";
import { IconDots, IconEdit, IconTrash, IconUsers } from "@tabler/icons-react";
import { useState } from "react";
import type { Workspace } from "../../lib/accounts";
import { useMay } from "../../lib/session";
import { DeleteDialog } from "./delete-dialog";
import { MembersDialog } from "./members-dialog";
import { RenameDialog } from "./rename-dialog";

/** What can be done with one workspace. */
export function WorkspaceMenu({ workspace }: { workspace: Workspace }) {
  const [dialog, setDialog] = useState<"members" | "rename" | "delete">();
  const may = useMay();
  const close = () => setDialog(undefined);
  return (
    <>
      <Menu position="bottom-end" width={200}>
        <Menu.Target>
          <ActionIcon aria-label={`More for ${workspace.name}`} size="input-xs">
            <IconDots size={17} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconUsers size={16} />} onClick={() => setDialog("members")}>
            Members…
          </Menu.Item>
          {may("workspaces.create") && (
            <Menu.Item leftSection={<IconEdit size={16} />} onClick={() => setDialog("rename")}>
              Rename…
            </Menu.Item>
          )}
          {may("workspaces.delete") && workspace.id !== "default" && (
            <Menu.Item
              color="var(--bad-text)"
              leftSection={<IconTrash size={16} />}
              onClick={() => setDialog("delete")}
            >
              Delete…
            </Menu.Item>
          )}
        </Menu.Dropdown>
      </Menu>
      <MembersDialog workspace={workspace} opened={dialog === "members"} onClose={close} />
      <RenameDialog workspace={workspace} opened={dialog === "rename"} onClose={close} />
      <DeleteDialog workspace={workspace} opened={dialog === "delete"} onClose={close} />
    </>
  );
}
