import { Menu, UnstyledButton } from "@mantine/core";
import { IconCheck, IconChevronDown, IconStack2 } from "@tabler/icons-react";
import type { Me } from "../lib/accounts";
import { selectWorkspace } from "../lib/workspace";
import classes from "./shell.module.css";

/** Says where the caller works and lets them go elsewhere; there is nothing to choose from one. */
export function WorkspaceSwitch({ me }: { me: Me }) {
  const all = me.workspaces ?? [];
  const here = all.find(({ id }) => id === me.workspace_id);
  if (all.length < 2 || !here) return null;
  // Everything on the page is of the workspace that is left, so the page begins anew.
  const go = (id: string) => {
    selectWorkspace(id);
    window.location.assign("/");
  };
  return (
    <Menu position="bottom-start" width={240}>
      <Menu.Target>
        <UnstyledButton className={classes.workspace ?? ""} aria-label={`Workspace ${here.name}`}>
          <IconStack2 size={17} stroke={1.7} aria-hidden="true" />
          <bdi className={classes.workspaceName}>{here.name}</bdi>
          <IconChevronDown size={14} aria-hidden="true" />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown mah={360} style={{ overflowY: "auto" }}>
        {all.map(({ id, name }) => (
          <Menu.Item
            key={id}
            aria-current={id === here.id || undefined}
            rightSection={id === here.id && <IconCheck size={15} aria-hidden="true" />}
            onClick={() => id !== here.id && go(id)}
          >
            <bdi>{name}</bdi>
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
