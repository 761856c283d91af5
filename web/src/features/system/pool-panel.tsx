import { Button, Group, Modal, Stack, Table, Text, TextInput } from "@mantine/core";
import { IconStack2 } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { fieldProblems } from "../../lib/field-problems";
import { useMay } from "../../lib/session";
import { ConfirmDialog } from "../../ui/confirm-dialog";
import { Failure } from "../../ui/failure";
import { Panel } from "../../ui/page";
import { EmptyState, ErrorState, LoadingRows } from "../../ui/states";
import tables from "../../ui/tables.module.css";
import { type Pool, poolsQuery, useDeletePool, useSavePool } from "./pools";

/** The pools, whose slots runs of several pipelines share, and what changes them. */
export function PoolPanel() {
  const pools = useQuery(poolsQuery);
  const may = useMay();
  const [edited, setEdited] = useState<Pool | "new">();
  const [dropped, setDropped] = useState<Pool>();
  const admin = may("settings.edit");
  return (
    <Panel
      title="Pools"
      {...(admin && {
        aside: (
          <Button size="compact-sm" variant="default" onClick={() => setEdited("new")}>
            Make a pool
          </Button>
        ),
      })}
    >
      {pools.isPending && <LoadingRows rows={2} />}
      {pools.isError && <ErrorState error={pools.error} onRetry={() => void pools.refetch()} />}
      {pools.data && (
        <PoolTable pools={pools.data} {...(admin && { onEdit: setEdited, onDrop: setDropped })} />
      )}
      {edited && <PoolDialog pool={edited} onClose={() => setEdited(undefined)} />}
      {dropped && <DropDialog pool={dropped} onClose={() => setDropped(undefined)} />}
    </Panel>
  );
}

type TableProps = {
  pools: Pool[];
  onEdit?: (pool: Pool) => void;
  onDrop?: (pool: Pool) => void;
};

function PoolTable({ pools, onEdit, onDrop }: TableProps) {
  if (pools.length === 0) {
    return (
      <EmptyState icon={IconStack2} title="No pools">
        Pipelines that name the same pool share its slots, so that together they do not ask too much
        of a database or an API.
      </EmptyState>
    );
  }
  return (
    <Table.ScrollContainer minWidth={560} type="native">
      <Table className={tables.table ?? ""}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Name</Table.Th>
            <Table.Th w={130}>Slots in use</Table.Th>
            <Table.Th w={110}>Waiting</Table.Th>
            <Table.Th w={180} aria-label="Actions" />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {pools.map((pool) => (
            <Table.Tr key={pool.name}>
              <Table.Td className={tables.wide ?? ""}>
                <span className={tables.name}>{pool.name}</span>
                <span className={tables.under} dir="auto">
                  {pool.description}
                </span>
              </Table.Td>
              <Table.Td>
                {pool.used} of {pool.slots}
              </Table.Td>
              <Table.Td>{pool.pending}</Table.Td>
              <Table.Td ta="right">
                {onEdit && (
                  <Button
                    size="compact-sm"
                    variant="default"
                    onClick={() => onEdit(pool)}
                    aria-label={`Change the pool ${pool.name}`}
                  >
                    Change
                  </Button>
                )}{" "}
                {onDrop && (
                  <Button
                    size="compact-sm"
                    variant="default"
                    onClick={() => onDrop(pool)}
                    aria-label={`Delete the pool ${pool.name}`}
                  >
                    Delete
                  </Button>
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function PoolDialog({ pool, onClose }: { pool: Pool | "new"; onClose: () => void }) {
  const old = pool === "new" ? undefined : pool;
  const [name, setName] = useState(old?.name ?? "");
  const [slots, setSlots] = useState(String(old?.slots ?? 1));
  const [description, setDescription] = useState(old?.description ?? "");
  const save = useSavePool(old?.name);
  const wrong = fieldProblems(save.error, {
    name: ["name"],
    slots: ["slots"],
    description: ["description"],
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate({ name, slots: Number(slots), description }, { onSuccess: onClose });
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title={<Text fw={650}>{old ? `Change the pool ${old.name}` : "Make a pool"}</Text>}
    >
      <form onSubmit={submit}>
        <Stack gap="sm">
          {!old && (
            <TextInput
              label="Name"
              description="Pipelines name it as pool. Lower-case letters, digits, - and _."
              required
              data-autofocus
              autoComplete="off"
              value={name}
              error={wrong.at.name}
              onChange={(event) => setName(event.currentTarget.value)}
            />
          )}
          <TextInput
            label="Slots"
            description="Runs at once. 0 lets none start."
            type="number"
            min={0}
            max={10_000}
            required
            value={slots}
            error={wrong.at.slots}
            onChange={(event) => setSlots(event.currentTarget.value)}
          />
          <TextInput
            label="Description"
            value={description}
            error={wrong.at.description}
            onChange={(event) => setDescription(event.currentTarget.value)}
          />
        </Stack>
        {wrong.rest && <Failure error={wrong.rest} />}
        <Group justify="flex-end" mt="lg" gap="xs">
          <Button variant="default" onClick={onClose}>
            Not now
          </Button>
          <Button type="submit" loading={save.isPending}>
            {old ? "Save" : "Make the pool"}
          </Button>
        </Group>
      </form>
    </Modal>
  );
}

function DropDialog({ pool, onClose }: { pool: Pool; onClose: () => void }) {
  const drop = useDeletePool();
  return (
    <ConfirmDialog
      opened
      title={`Delete the pool ${pool.name}?`}
      confirmLabel="Delete"
      danger
      pending={drop.isPending}
      error={drop.error}
      onConfirm={() => drop.mutate(pool.name, { onSuccess: onClose })}
      onClose={onClose}
    >
      <Text>
        Runs that wait for one of its slots start then. Pipelines must not name it any more.
      </Text>
    </ConfirmDialog>
  );
}
