import { Button, Table } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { ask, type Delivery, deliveriesQuery, useHookCommand } from "../lib/hooks";
import { notifyFailed } from "./notify";
import { RelativeTime } from "./relative-time";
import { ErrorState, LoadingRows } from "./states";
import tables from "./tables.module.css";
import { ToneBadge } from "./tone-badge";

type Props = {
  /** Of the list of deliveries. */
  path: string;
  /** Where one is sent again; undefined when the caller may not. */
  resend?: ((delivery: Delivery) => string) | undefined;
};

const tones = { pending: "muted", delivered: "good", failed: "bad" } as const;

/** What was told last, with how it went. */
export function DeliveryTable({ path, resend }: Props) {
  const deliveries = useQuery(deliveriesQuery(path));
  const again = useHookCommand(ask);
  if (deliveries.isPending) return <LoadingRows rows={2} />;
  if (deliveries.isError) {
    return <ErrorState error={deliveries.error} onRetry={() => void deliveries.refetch()} />;
  }
  if (deliveries.data.length === 0) return <p>Nothing was told yet.</p>;
  return (
    <Table.ScrollContainer minWidth={520} type="native">
      <Table className={tables.table ?? ""} aria-label="Deliveries">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Event</Table.Th>
            <Table.Th>State</Table.Th>
            <Table.Th>Attempts</Table.Th>
            <Table.Th>When</Table.Th>
            <Table.Th aria-label="Actions" />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {deliveries.data.map((delivery) => (
            <Table.Tr key={delivery.id}>
              <Table.Td>
                <span className={tables.name}>{delivery.event}</span>
                <span className={tables.under}>{delivery.hook_name}</span>
              </Table.Td>
              <Table.Td>
                <ToneBadge tone={tones[delivery.state]}>{delivery.state}</ToneBadge>
                {delivery.error && <span className={tables.under}>{delivery.error}</span>}
              </Table.Td>
              <Table.Td>{delivery.attempts}</Table.Td>
              <Table.Td>
                <RelativeTime at={delivery.created_at} />
              </Table.Td>
              <Table.Td ta="right">
                {resend && delivery.state !== "pending" && (
                  <Button
                    size="compact-xs"
                    variant="default"
                    onClick={() =>
                      again.mutate(resend(delivery), {
                        onError: (error) => notifyFailed("It was not sent again", error),
                      })
                    }
                  >
                    Send again
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
