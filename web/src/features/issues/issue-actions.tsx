import { Button, Menu } from "@mantine/core";
import {
  IconCheck,
  IconEye,
  IconUser,
  IconUserMinus,
  IconUserPlus,
  IconVolume,
  IconVolumeOff,
} from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNow } from "../../lib/clock";
import type { Issue } from "../../lib/issue-model";
import { isMuted } from "../../lib/issues";
import { meQuery, usersQuery } from "../../lib/queries";
import { useMay } from "../../lib/session";
import { notifyFailed } from "../../ui/notify";
import { type IssueAction, useIssueAction } from "./commands";
import { muteTimes } from "./mute-times";

type Act = (action: IssueAction) => void;

/** What an editor can do about an issue that is not resolved. */
export function IssueActions({ issue }: { issue: Issue }) {
  const action = useIssueAction(issue.id);
  if (issue.state === "resolved") return null;
  const act: Act = (what) =>
    action.mutate(what, {
      onError: (error) => notifyFailed("The issue was not changed", error),
    });
  return (
    <>
      {issue.state === "open" && (
        <Button
          variant="default"
          leftSection={<IconEye size={16} />}
          disabled={action.isPending}
          onClick={() => act({ do: "acknowledge" })}
        >
          Acknowledge
        </Button>
      )}
      <AssignMenu issue={issue} act={act} />
      <MuteMenu issue={issue} act={act} />
      <Button
        leftSection={<IconCheck size={16} />}
        disabled={action.isPending}
        onClick={() => act({ do: "resolve" })}
      >
        Resolve
      </Button>
    </>
  );
}

function AssignMenu({ issue, act }: { issue: Issue; act: Act }) {
  const may = useMay();
  const { data: me } = useQuery(meQuery);
  // Who may not see the list of accounts can still take an issue, and give it back.
  const { data: users = [] } = useQuery({ ...usersQuery, enabled: may("settings.manage_users") });
  const others = users.filter(
    ({ id, disabled }) => !disabled && id !== me?.id && id !== issue.assignee_id,
  );
  const mine = me?.id !== undefined && me.id !== issue.assignee_id ? me.id : undefined;
  if (!mine && !issue.assignee_id && others.length === 0) return null;
  return (
    <Menu position="bottom-end" width={220}>
      <Menu.Target>
        <Button variant="default" leftSection={<IconUserPlus size={16} />}>
          Assign
        </Button>
      </Menu.Target>
      <Menu.Dropdown mah={320} style={{ overflowY: "auto" }}>
        {mine && (
          <Menu.Item
            leftSection={<IconUser size={16} />}
            onClick={() => act({ do: "assign", user_id: mine })}
          >
            To me
          </Menu.Item>
        )}
        {others.map(({ id, username }) => (
          <Menu.Item key={id} onClick={() => act({ do: "assign", user_id: id })}>
            <bdi>{username}</bdi>
          </Menu.Item>
        ))}
        {issue.assignee_id && (
          <Menu.Item
            leftSection={<IconUserMinus size={16} />}
            onClick={() => act({ do: "assign", user_id: null })}
          >
            To nobody
          </Menu.Item>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}

function MuteMenu({ issue, act }: { issue: Issue; act: Act }) {
  const now = useNow(60_000);
  if (isMuted(issue, now)) {
    return (
      <Button
        variant="default"
        leftSection={<IconVolume size={16} />}
        onClick={() => act({ do: "unmute" })}
      >
        Unmute
      </Button>
    );
  }
  return (
    <Menu position="bottom-end" width={200}>
      <Menu.Target>
        <Button variant="default" leftSection={<IconVolumeOff size={16} />}>
          Mute
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {muteTimes(new Date(now)).map(({ label, until }) => (
          <Menu.Item key={label} onClick={() => act({ do: "mute", until: until.toISOString() })}>
            {label}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
