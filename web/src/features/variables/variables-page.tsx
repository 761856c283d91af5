import { Button, Group, Modal, Table, Text } from "@mantine/core";
import { IconCode, IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { remove } from "../../lib/api";
import { useMay } from "../../lib/session";
import {
  nameOf,
  useVariableCommand,
  type Variable,
  variablePath,
  variablesQuery,
} from "../../lib/variables";
import { ConfirmDialog } from "../../ui/confirm-dialog";
import { Page, PageHeader, Panel } from "../../ui/page";
import { EmptyState, ErrorState, LoadingRows } from "../../ui/states";
import tables from "../../ui/tables.module.css";
import { VariableDialog } from "./variable-dialog";
import { VariableUses } from "./variable-uses";

type Dialog = { kind: "edit" | "uses" | "delete"; variable?: Variable };

/** The values that settings of all pipelines share, secrets without theirs. */
export function VariablesPage() {
  const variables = useQuery(variablesQuery);
  const may = useMay();
  const [dialog, setDialog] = useState<Dialog>();
  const close = () => setDialog(undefined);
  const make = may("variables.create") && (
    <Button leftSection={<IconPlus size={16} />} onClick={() => setDialog({ kind: "edit" })}>
      New variable
    </Button>
  );
  const { kind, variable } = dialog ?? {};
  return (
    <Page title="Variables">
      <PageHeader title="Variables" actions={variables.data?.length ? make : null} />
      <Panel>
        {variables.isPending && <LoadingRows rows={3} />}
        {variables.isError && (
          <ErrorState error={variables.error} onRetry={() => void variables.refetch()} />
        )}
        {variables.data?.length === 0 && (
          <EmptyState icon={IconCode} title="No variable yet" action={make}>
            A variable is a value or a secret that settings of many pipelines name, such as{" "}
            <b>{nameOf({ key: "region", type: "string" })}</b>.
          </EmptyState>
        )}
        {variables.data && variables.data.length > 0 && (
          <VariableTable variables={variables.data} onDialog={setDialog} />
        )}
      </Panel>
      {kind === "edit" && <VariableDialog variable={variable} onClose={close} />}
      {kind === "uses" && variable && (
        <Modal
          opened
          onClose={close}
          title={
            <Text fw={650}>
              Who uses <bdi>{variable.key}</bdi>
            </Text>
          }
        >
          <VariableUses name={variable.key} />
        </Modal>
      )}
      {kind === "delete" && variable && <Delete variable={variable} onClose={close} />}
    </Page>
  );
}

type TableProps = { variables: Variable[]; onDialog: (dialog: Dialog) => void };

function VariableTable({ variables, onDialog }: TableProps) {
  const may = useMay();
  const acts = [
    { kind: "uses", words: "Used by", allowed: true },
    { kind: "edit", words: "Edit", allowed: may("variables.edit") },
    { kind: "delete", words: "Delete", allowed: may("variables.delete") },
  ] as const;
  return (
    <Table.ScrollContainer minWidth={700} type="native">
      <Table highlightOnHover className={tables.table ?? ""}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Variable</Table.Th>
            <Table.Th>Type</Table.Th>
            <Table.Th>Value</Table.Th>
            <Table.Th aria-label="Actions" />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {variables.map((one) => (
            <Table.Tr key={one.id}>
              <Table.Td>
                <bdi className={tables.name}>{one.key}</bdi>
                <span className={tables.under}>
                  {nameOf(one)}
                  {one.description && (
                    <>
                      {" · "}
                      <bdi>{one.description}</bdi>
                    </>
                  )}
                </span>
              </Table.Td>
              <Table.Td className={tables.soft ?? ""}>{one.type}</Table.Td>
              <Table.Td className={tables.soft ?? ""}>
                <bdi>{one.type === "secret" ? "Kept here, sealed" : shortened(one.value)}</bdi>
              </Table.Td>
              <Table.Td>
                <Group gap="xs" justify="flex-end" wrap="nowrap">
                  {acts.map(
                    ({ kind, words, allowed }) =>
                      allowed && (
                        <Button
                          key={kind}
                          size="compact-xs"
                          variant="default"
                          aria-label={`${words} ${one.key}`}
                          onClick={() => onDialog({ kind, variable: one })}
                        >
                          {words}
                        </Button>
                      ),
                  )}
                </Group>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

const longest = 80;

function shortened(value: string): string {
  return value.length > longest ? `${value.slice(0, longest)}…` : value;
}

function Delete({ variable, onClose }: { variable: Variable; onClose: () => void }) {
  const gone = useVariableCommand(() => remove(variablePath(variable.key)));
  return (
    <ConfirmDialog
      opened
      title="Delete this variable?"
      confirmLabel="Delete"
      danger
      pending={gone.isPending}
      error={gone.error}
      onConfirm={() => gone.mutate(undefined, { onSuccess: onClose })}
      onClose={onClose}
    >
      <Text>
        <bdi>{variable.key}</bdi> and its value are gone for good. Runs of pipelines that name it
        fail before they start.
      </Text>
      <VariableUses name={variable.key} />
    </ConfirmDialog>
  );
}
