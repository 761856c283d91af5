import { Button, Group, Modal, Table, Text } from "@mantine/core";
import { IconPlugConnected, IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { remove } from "../../lib/api";
import {
  type Connection,
  type ConnectionType,
  connectionPath,
  connectionsQuery,
  connectionTypesQuery,
  useConnectionCommand,
} from "../../lib/connections";
import { useMay } from "../../lib/session";
import { ConfirmDialog } from "../../ui/confirm-dialog";
import { Page, PageHeader, Panel } from "../../ui/page";
import { EmptyState, ErrorState, LoadingRows } from "../../ui/states";
import tables from "../../ui/tables.module.css";
import { ConnectionDialog } from "./connection-dialog";
import { type ConnectionAct, ConnectionMenu } from "./connection-menu";
import classes from "./connections.module.css";
import { RotateDialog } from "./rotate-dialog";
import { TryButton } from "./try-button";
import { TypeIcon } from "./type-icon";
import { UsedBy } from "./used-by";

type Dialog = { kind: ConnectionAct; connection?: Connection };

/** The other systems that pipelines reach, without their secrets. */
export function ConnectionsPage() {
  const connections = useQuery(connectionsQuery);
  const may = useMay();
  const [dialog, setDialog] = useState<Dialog>();
  const close = () => setDialog(undefined);
  const make = may("connections.create") && (
    <Button leftSection={<IconPlus size={16} />} onClick={() => setDialog({ kind: "edit" })}>
      New connection
    </Button>
  );
  const { kind, connection } = dialog ?? {};
  return (
    <Page title="Connections">
      <PageHeader title="Connections" actions={connections.data?.length ? make : null} />
      <Panel>
        {connections.isPending && <LoadingRows rows={3} />}
        {connections.isError && (
          <ErrorState error={connections.error} onRetry={() => void connections.refetch()} />
        )}
        {connections.data?.length === 0 && (
          <EmptyState icon={IconPlugConnected} title="No connection yet" action={make}>
            A connection says once where a database or an API is and how to sign in there. Nodes
            name it, and no pipeline has the secret.
          </EmptyState>
        )}
        {connections.data && connections.data.length > 0 && (
          <ConnectionTable connections={connections.data} onDialog={setDialog} />
        )}
      </Panel>
      {kind === "edit" && <ConnectionDialog connection={connection} onClose={close} />}
      {kind === "uses" && connection && (
        <Modal opened onClose={close} title={<Title before="Who uses" name={connection.conn_id} />}>
          <UsedBy name={connection.conn_id} />
        </Modal>
      )}
      {kind === "rotate" && connection && <RotateDialog connection={connection} onClose={close} />}
      {kind === "delete" && connection && <Delete connection={connection} onClose={close} />}
    </Page>
  );
}

function Title({ before, name }: { before: string; name: string }) {
  return (
    <Text fw={650}>
      {before} <bdi>{name}</bdi>
    </Text>
  );
}

type TableProps = { connections: Connection[]; onDialog: (dialog: Dialog) => void };

function ConnectionTable({ connections, onDialog }: TableProps) {
  const types = useQuery(connectionTypesQuery);
  const may = useMay();
  return (
    <Table.ScrollContainer minWidth={700} type="native">
      <Table highlightOnHover className={tables.table ?? ""}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Connection</Table.Th>
            <Table.Th>Leads to</Table.Th>
            <Table.Th w={170}>Secret</Table.Th>
            <Table.Th w={124} aria-label="Actions" />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {connections.map((one) => (
            <Table.Tr key={one.id}>
              <Table.Td>
                <Named connection={one} type={types.data?.find(({ type }) => type === one.type)} />
              </Table.Td>
              <Table.Td className={tables.soft ?? ""} title={placeOf(one)}>
                <bdi>{placeOf(one)}</bdi>
              </Table.Td>
              <Table.Td className={tables.soft ?? ""}>{secretOf(one)}</Table.Td>
              <Table.Td>
                <Group gap="xs" justify="flex-end" wrap="nowrap">
                  {may("connections.test") && <TryButton name={one.conn_id} />}
                  <ConnectionMenu
                    name={one.conn_id}
                    rotates={types.data?.some(
                      ({ type, fields }) => type === one.type && fields.includes("password"),
                    )}
                    onChoose={(kind) => onDialog({ kind, connection: one })}
                  />
                </Group>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function Named({
  connection,
  type,
}: {
  connection: Connection;
  type?: ConnectionType | undefined;
}) {
  const { conn_id, description } = connection;
  return (
    <div className={classes.named}>
      {type && <TypeIcon type={type} size={20} />}
      <div>
        <bdi className={tables.name}>{conn_id}</bdi>
        <span className={tables.under} title={description}>
          {type?.label ?? connection.type}
          {description && (
            <>
              {" · "}
              <bdi>{description}</bdi>
            </>
          )}
        </span>
      </div>
    </div>
  );
}

function placeOf({ host, port, schema, login }: Connection): string {
  const place = `${host}${port ? `:${port}` : ""}${schema ? `/${schema}` : ""}`;
  return login ? `${place} as ${login}` : place;
}

function secretOf({ password_ref, extra_ref }: Connection): string {
  const [first] = [password_ref, extra_ref].filter(Boolean);
  if (!first) return "None";
  return first.startsWith("encrypted://") ? "Kept here, sealed" : first;
}

function Delete({ connection, onClose }: { connection: Connection; onClose: () => void }) {
  const name = connection.conn_id;
  const gone = useConnectionCommand(() => remove(connectionPath(name)));
  return (
    <ConfirmDialog
      opened
      title="Delete this connection?"
      confirmLabel="Delete"
      danger
      pending={gone.isPending}
      error={gone.error}
      onConfirm={() => gone.mutate(undefined, { onSuccess: onClose })}
      onClose={onClose}
    >
      <Text>
        <bdi>{name}</bdi> and its secret are gone for good. Runs of pipelines that name it fail.
      </Text>
      <UsedBy name={name} />
    </ConfirmDialog>
  );
}
