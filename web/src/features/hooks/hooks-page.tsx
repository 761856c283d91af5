import { Button, Group, Modal, Table, Text } from "@mantine/core";
import { IconBell, IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { remove } from "../../lib/api";
import { ask, type Hook, hooksPath, hooksQuery, useHookCommand } from "../../lib/hooks";
import { ConfirmDialog } from "../../ui/confirm-dialog";
import { DeliveryTable } from "../../ui/delivery-table";
import { notifyDone, notifyFailed } from "../../ui/notify";
import { Page, PageHeader, Panel } from "../../ui/page";
import { EmptyState, ErrorState, LoadingRows } from "../../ui/states";
import tables from "../../ui/tables.module.css";
import { ToneBadge } from "../../ui/tone-badge";
import { HookDialog } from "./hook-dialog";

type Dialog = { kind: "edit" | "told" | "delete"; hook?: Hook };

/** Who is told what happens to runs of many pipelines. */
export function HooksPage() {
  const hooks = useQuery(hooksQuery(hooksPath));
  const [dialog, setDialog] = useState<Dialog>();
  const close = () => setDialog(undefined);
  const make = (
    <Button leftSection={<IconPlus size={16} />} onClick={() => setDialog({ kind: "edit" })}>
      New hook
    </Button>
  );
  return (
    <Page title="Hooks">
      <PageHeader title="Hooks" actions={hooks.data?.length ? make : null} />
      <Panel>
        {hooks.isPending && <LoadingRows rows={3} />}
        {hooks.isError && <ErrorState error={hooks.error} onRetry={() => void hooks.refetch()} />}
        {hooks.data?.length === 0 && (
          <EmptyState icon={IconBell} title="No hook yet" action={make}>
            A hook tells another system, a chat or people by e-mail what happens to runs.
          </EmptyState>
        )}
        {hooks.data && hooks.data.length > 0 && (
          <HookTable hooks={hooks.data} onDialog={setDialog} />
        )}
      </Panel>
      {dialog?.kind === "edit" && <HookDialog hook={dialog.hook} onClose={close} />}
      {dialog?.kind === "told" && dialog.hook && <Told hook={dialog.hook} onClose={close} />}
      {dialog?.kind === "delete" && dialog.hook && <Delete hook={dialog.hook} onClose={close} />}
    </Page>
  );
}

type TableProps = { hooks: Hook[]; onDialog: (dialog: Dialog) => void };

function HookTable({ hooks, onDialog }: TableProps) {
  return (
    <Table.ScrollContainer minWidth={700} type="native">
      <Table highlightOnHover className={tables.table ?? ""}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Hook</Table.Th>
            <Table.Th>When</Table.Th>
            <Table.Th>Pipelines</Table.Th>
            <Table.Th aria-label="Actions" />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {hooks.map((hook) => (
            <Table.Tr key={hook.id}>
              <Table.Td>
                <span className={tables.name}>
                  <bdi>{hook.name}</bdi> {!hook.enabled && <ToneBadge tone="muted">Off</ToneBadge>}
                </span>
                <span className={tables.under}>
                  {hook.type} <bdi>{hook.url ?? hook.to?.join(", ")}</bdi>
                </span>
              </Table.Td>
              <Table.Td className={tables.soft ?? ""}>{hook.events.join(", ")}</Table.Td>
              <Table.Td className={tables.soft ?? ""}>
                {[hook.tag && `tag ${hook.tag}`, hook.pipelines].filter(Boolean).join(", ") ||
                  "All"}
              </Table.Td>
              <Table.Td>
                <Group gap="xs" justify="flex-end" wrap="nowrap">
                  {(["told", "edit", "delete"] as const).map((kind) => (
                    <Button
                      key={kind}
                      size="compact-xs"
                      variant="default"
                      aria-label={`${words[kind]} ${hook.name}`}
                      onClick={() => onDialog({ kind, hook })}
                    >
                      {words[kind]}
                    </Button>
                  ))}
                </Group>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

const words = { told: "Deliveries", edit: "Edit", delete: "Delete" };

type Props = { hook: Hook; onClose: () => void };

function Told({ hook, onClose }: Props) {
  const path = `${hooksPath}/${hook.id}`;
  const test = useHookCommand(ask);
  const send = () =>
    test.mutate(`${path}/test`, {
      onSuccess: () => notifyDone("A sample is on its way."),
      onError: (error) => notifyFailed("No sample was sent", error),
    });
  return (
    <Modal
      opened
      onClose={onClose}
      size={760}
      title={
        <Text fw={650}>
          What <bdi>{hook.name}</bdi> was told
        </Text>
      }
    >
      <DeliveryTable
        path={`${path}/deliveries`}
        resend={({ id }) => `${path}/deliveries/${id}/resend`}
      />
      <Group justify="flex-end" mt="lg">
        <Button variant="default" loading={test.isPending} onClick={send}>
          Send a sample
        </Button>
      </Group>
    </Modal>
  );
}

function Delete({ hook, onClose }: Props) {
  const gone = useHookCommand(() => remove(`${hooksPath}/${hook.id}`));
  return (
    <ConfirmDialog
      opened
      title="Delete this hook?"
      confirmLabel="Delete"
      danger
      pending={gone.isPending}
      error={gone.error}
      onConfirm={() => gone.mutate(undefined, { onSuccess: onClose })}
      onClose={onClose}
    >
      <Text>
        <bdi>{hook.name}</bdi> is told nothing any more, and what it was told is forgotten.
      </Text>
    </ConfirmDialog>
  );
}
