import { Button, Group, Modal, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import type { Member, Workspace } from "../../lib/accounts";
import { membersQuery, usersQuery } from "../../lib/queries";
import { Failure } from "../../ui/failure";
import { NativeSelect } from "../../ui/native-select";
import { ErrorState, LoadingRows } from "../../ui/states";
import { useAddMember } from "./commands";
import { MemberList } from "./member-list";

type Props = { workspace: Workspace; opened: boolean; onClose: () => void };

/** Says who belongs to a workspace, and lets that be changed. */
export function MembersDialog({ workspace, opened, onClose }: Props) {
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      size={620}
      title={
        <Text fw={650} lineClamp={2} style={{ overflowWrap: "anywhere" }}>
          Members of <bdi>{workspace.name}</bdi>
        </Text>
      }
    >
      <Members workspace={workspace} />
    </Modal>
  );
}

function Members({ workspace }: { workspace: Workspace }) {
  const members = useQuery(membersQuery(workspace.id));
  if (members.isPending) return <LoadingRows rows={3} />;
  if (members.isError)
    return <ErrorState error={members.error} onRetry={() => void members.refetch()} />;
  return (
    <>
      <AddMember workspace={workspace} members={members.data} />
      <MemberList workspace={workspace} members={members.data} />
    </>
  );
}

type AddProps = { workspace: Workspace; members: Member[] };

function AddMember({ workspace, members }: AddProps) {
  const users = useQuery(usersQuery);
  const [chosen, setChosen] = useState("");
  const add = useAddMember(workspace.id);
  const there = new Set(members.map((member) => member.user_id));
  const others = (users.data ?? []).filter(
    ({ id, role }) => role !== "superadmin" && !there.has(id),
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    add.mutate(chosen, { onSuccess: () => setChosen("") });
  };
  return (
    <form onSubmit={submit}>
      <Group align="end" gap="xs" mb="md">
        <NativeSelect
          label="Account"
          style={{ flex: 1 }}
          value={chosen}
          onChange={(event) => setChosen(event.currentTarget.value)}
          data={[
            { value: "", label: others.length > 0 ? "Choose one" : "Nobody else is to be added" },
            ...others.map(({ id, username }) => ({ value: id, label: username })),
          ]}
        />
        <Button type="submit" loading={add.isPending} disabled={!chosen}>
          Add
        </Button>
      </Group>
      {(add.error ?? users.error) && <Failure error={(add.error ?? users.error) as Error} />}
    </form>
  );
}
