import { ActionIcon, Menu } from "@mantine/core";
import {
  IconDots,
  IconKey,
  IconTrash,
  IconUserCheck,
  IconUserOff,
  IconUserShield,
} from "@tabler/icons-react";
import { useState } from "react";
import type { Me, User } from "../../lib/accounts";
import { notifyDone, notifyFailed } from "../../ui/notify";
import { useUpdateUser } from "./commands";
import { DeleteDialog } from "./delete-dialog";
import { DisableDialog } from "./disable-dialog";
import { ResetDialog } from "./reset-dialog";
import { RoleDialog } from "./role-dialog";

type Dialog = "role" | "reset" | "disable" | "delete";

/** What can be done with one account. */
export function UserMenu({ user, me }: { user: User; me: Me }) {
  const [dialog, setDialog] = useState<Dialog>();
  const enable = useEnable(user);
  const own = me.id === user.id;
  const close = () => setDialog(undefined);
  return (
    <>
      <Menu position="bottom-end" width={200}>
        <Menu.Target>
          <ActionIcon aria-label={`More for ${user.username}`} size="input-xs">
            <IconDots size={17} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconUserShield size={16} />} onClick={() => setDialog("role")}>
            Change role…
          </Menu.Item>
          <Menu.Item leftSection={<IconKey size={16} />} onClick={() => setDialog("reset")}>
            Reset password…
          </Menu.Item>
          <StandingItem user={user} onEnable={enable} onDisable={() => setDialog("disable")} />
          <Menu.Item
            color="var(--bad-text)"
            leftSection={<IconTrash size={16} />}
            onClick={() => setDialog("delete")}
          >
            Delete…
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <RoleDialog user={user} opened={dialog === "role"} onClose={close} />
      <ResetDialog user={user} opened={dialog === "reset"} onClose={close} />
      <DisableDialog user={user} own={own} opened={dialog === "disable"} onClose={close} />
      <DeleteDialog user={user} own={own} opened={dialog === "delete"} onClose={close} />
    </>
  );
}

type StandingProps = { user: User; onEnable: () => void; onDisable: () => void };

function StandingItem({ user, onEnable, onDisable }: StandingProps) {
  return user.disabled ? (
    <Menu.Item leftSection={<IconUserCheck size={16} />} onClick={onEnable}>
      Enable
    </Menu.Item>
  ) : (
    <Menu.Item leftSection={<IconUserOff size={16} />} onClick={onDisable}>
      Disable…
    </Menu.Item>
  );
}

/** Lets an account sign in again; used where it outlives the menu, which is gone before the answer is there. */
function useEnable(user: User) {
  const update = useUpdateUser(user.id);
  return () =>
    update.mutate(
      { disabled: false },
      {
        onSuccess: () => notifyDone(`“${user.username}” can sign in again.`),
        onError: (error) => notifyFailed(`“${user.username}” is still disabled`, error),
      },
    );
}
