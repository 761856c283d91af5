import { Burger, Kbd, Menu, Tooltip, UnstyledButton } from "@mantine/core";
import { spotlight } from "@mantine/spotlight";
import {
  IconChevronDown,
  IconLogout,
  IconSearch,
  IconUser,
  IconUserCircle,
} from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import type { Me } from "../lib/accounts";
import { useConnection } from "../lib/connection";
import type { StreamState } from "../lib/stream";
import { ColorSchemeToggle } from "../ui/color-scheme-toggle";
import { useSignOut } from "../ui/use-sign-out";
import classes from "./shell.module.css";
import { WorkspaceSwitch } from "./workspace-switch";

type Props = { me: Me | undefined; menuOpen: boolean; onMenu: () => void };

/** The workspace, search, the state of the live connection, the theme and the person. */
export function TopBar({ me, menuOpen, onMenu }: Props) {
  return (
    <header className={classes.top}>
      <Burger
        className={classes.burger ?? ""}
        size="sm"
        opened={menuOpen}
        onClick={onMenu}
        aria-label="Pages"
        aria-controls="navigation"
        aria-expanded={menuOpen}
      />
      {me && <WorkspaceSwitch me={me} />}
      <UnstyledButton className={classes.search ?? ""} onClick={spotlight.open}>
        <IconSearch size={15} aria-hidden="true" />
        <span className={classes.searchWords}>Search pages and pipelines</span>
        <Kbd size="xs">Ctrl K</Kbd>
      </UnstyledButton>
      <span className={classes.spacer} />
      <ConnectionSign />
      <ColorSchemeToggle />
      {me && !me.open && <UserMenu me={me} />}
    </header>
  );
}

const connectionWords: Record<StreamState, { tone: string; label: string; more: string }> = {
  connecting: { tone: "idle", label: "Connecting", more: "Opening the live connection" },
  live: { tone: "good", label: "Live", more: "Changes on the server show here at once" },
  lost: {
    tone: "wait",
    label: "Reconnecting",
    more: "The live connection broke; what you see may be old",
  },
};

function ConnectionSign() {
  const { tone, label, more } = connectionWords[useConnection()];
  return (
    <Tooltip label={more}>
      <span className={classes.connection} data-tone={tone} role="status">
        <span className={classes.dot} aria-hidden="true" />
        {label}
      </span>
    </Tooltip>
  );
}

function UserMenu({ me }: { me: Me }) {
  const navigate = useNavigate();
  const signOut = useSignOut();
  return (
    <Menu position="bottom-end" width={200}>
      <Menu.Target>
        <UnstyledButton className={classes.user ?? ""} aria-label={`Account of ${me.username}`}>
          <IconUserCircle size={20} stroke={1.6} aria-hidden="true" />
          <bdi className={classes.userName}>{me.username}</bdi>
          <IconChevronDown size={14} aria-hidden="true" />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>Role: {me.role}</Menu.Label>
        <Menu.Item
          leftSection={<IconUser size={16} />}
          onClick={() => void navigate({ to: "/profile" })}
        >
          Profile
        </Menu.Item>
        <Menu.Item leftSection={<IconLogout size={16} />} onClick={() => signOut.mutate()}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
