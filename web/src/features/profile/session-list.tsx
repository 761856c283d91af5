import { Button, Table, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { Session } from "../../lib/accounts";
import { remove, removeMany } from "../../lib/api";
import { keys, sessionsQuery } from "../../lib/queries";
import { browserInWords } from "../../lib/user-agent";
import { ConfirmDialog } from "../../ui/confirm-dialog";
import { notifyDone, notifyFailed } from "../../ui/notify";
import { Panel } from "../../ui/page";
import { RelativeTime } from "../../ui/relative-time";
import { ErrorState, LoadingRows } from "../../ui/states";
import tables from "../../ui/tables.module.css";
import { ToneBadge } from "../../ui/tone-badge";

/** Where the person is signed in, with the means to end it. */
export function SessionList() {
  const sessions = useQuery(sessionsQuery);
  const others = sessions.data?.filter((session) => !session.current).length ?? 0;
  return (
    <Panel title="Where you are signed in" aside={others > 0 && <EndOthers count={others} />}>
      {sessions.isPending && <LoadingRows rows={3} />}
      {sessions.isError && (
        <ErrorState error={sessions.error} onRetry={() => void sessions.refetch()} />
      )}
      {sessions.data && <SessionTable sessions={sessions.data} />}
    </Panel>
  );
}

function SessionTable({ sessions }: { sessions: Session[] }) {
  return (
    <Table.ScrollContainer minWidth={560} type="native">
      <Table className={tables.table ?? ""}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Browser and address</Table.Th>
            <Table.Th w={112}>Signed in</Table.Th>
            <Table.Th w={112}>Last seen</Table.Th>
            <Table.Th w={128} aria-label="Actions" />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {sessions.map((session) => (
            <SessionRow key={session.id} session={session} />
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function SessionRow({ session }: { session: Session }) {
  const browser = browserInWords(session.agent);
  return (
    <Table.Tr>
      <Table.Td className={tables.wide ?? ""}>
        <span className={tables.name} title={session.agent}>
          <bdi>{browser}</bdi>
        </span>
        <span className={tables.under}>{session.address}</span>
      </Table.Td>
      <Table.Td className={tables.soft ?? ""}>
        <RelativeTime at={session.created_at} />
      </Table.Td>
      <Table.Td className={tables.soft ?? ""}>
        <RelativeTime at={session.last_seen_at} />
      </Table.Td>
      <Table.Td ta="right">
        {session.current ? (
          <ToneBadge tone="good">This one</ToneBadge>
        ) : (
          <EndSession session={session} browser={browser} />
        )}
      </Table.Td>
    </Table.Tr>
  );
}

function EndSession({ session, browser }: { session: Session; browser: string }) {
  const client = useQueryClient();
  const end = useMutation({
    mutationFn: () => remove(`/api/auth/sessions/${encodeURIComponent(session.id)}`),
    onSuccess: () => notifyDone(`The session of ${browser} has ended.`),
    onError: (error) => notifyFailed("The session goes on", error),
    onSettled: () => client.invalidateQueries({ queryKey: keys.sessions }),
  });
  return (
    <Button
      size="compact-sm"
      variant="default"
      loading={end.isPending}
      aria-label={`End the session of ${browser} at ${session.address}`}
      onClick={() => end.mutate()}
    >
      End
    </Button>
  );
}

function EndOthers({ count }: { count: number }) {
  const client = useQueryClient();
  const [asking, dialog] = useDisclosure(false);
  const end = useMutation({
    mutationFn: () => removeMany<{ ended: number }>("/api/auth/sessions"),
    onSuccess: ({ ended }) => {
      notifyDone(ended === 1 ? "One session has ended." : `${ended} sessions have ended.`);
      dialog.close();
    },
    onSettled: () => client.invalidateQueries({ queryKey: keys.sessions }),
  });
  return (
    <>
      <Button size="compact-sm" variant="default" onClick={dialog.open}>
        End all others
      </Button>
      <ConfirmDialog
        opened={asking}
        title="End all other sessions?"
        confirmLabel="End them"
        danger
        pending={end.isPending}
        error={end.error}
        onConfirm={() => end.mutate()}
        onClose={dialog.close}
      >
        <Text>
          {count === 1 ? "One other browser or program" : `${count} other browsers and programs`}{" "}
          must sign in again. You stay signed in here.
        </Text>
      </ConfirmDialog>
    </>
  );
}
