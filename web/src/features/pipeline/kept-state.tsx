import { Button, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { remove } from "../../lib/api";
import { statesQuery } from "../../lib/queries";
import { useMay } from "../../lib/session";
import { ConfirmDialog } from "../../ui/confirm-dialog";
import { notifyDone } from "../../ui/notify";
import { RelativeTime } from "../../ui/relative-time";
import classes from "./pipeline.module.css";

type Props = { pipelineId: string; nodeId: string };

/** What a node remembers from run to run, if anything, and a way to make it forget. */
export function KeptState({ pipelineId, nodeId }: Props) {
  const may = useMay();
  const client = useQueryClient();
  const [asking, dialog] = useDisclosure();
  const states = useQuery(statesQuery(pipelineId));
  const kept = states.data?.find((one) => one.node_id === nodeId);
  const forget = useMutation({
    mutationFn: () =>
      remove(
        `/api/pipelines/${encodeURIComponent(pipelineId)}/states/${encodeURIComponent(nodeId)}`,
      ),
    onSuccess: async () => {
      await client.invalidateQueries(statesQuery(pipelineId));
      notifyDone("The node starts from the beginning in the next run.");
      dialog.close();
    },
  });
  if (!kept) {
    return null;
  }
  return (
    <section className={classes.kept} aria-label="Kept from run to run">
      <Text size="sm">
        Remembers how far it has come, since <RelativeTime at={kept.updated_at} />
        <Reached state={kept.state} />. The next run goes on from there.
      </Text>
      {may("pipelines.edit") && (
        <Button size="xs" variant="default" onClick={dialog.open}>
          Forget…
        </Button>
      )}
      <ConfirmDialog
        opened={asking}
        title="Start from the beginning?"
        confirmLabel="Forget"
        pending={forget.isPending}
        error={forget.error}
        onConfirm={() => forget.mutate()}
        onClose={dialog.close}
      >
        <Text>The next run reads everything again. What earlier runs have written stays.</Text>
      </ConfirmDialog>
    </section>
  );
}

/** How far a node has read, where what it keeps says so in words that people know. */
function Reached({ state }: { state: unknown }) {
  if (typeof state !== "object" || state === null || !("column" in state && "value" in state)) {
    return null;
  }
  return (
    <>
      : <bdi>{String(state.column)}</bdi> up to <bdi>{String(state.value)}</bdi>
    </>
  );
}
