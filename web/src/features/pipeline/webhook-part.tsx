import { Button, Group, Modal, Stack, Switch, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { post, put, remove, send } from "../../lib/api";
import type { components } from "../../lib/api-types";
import type { Pipeline } from "../../lib/model";
import { keys } from "../../lib/queries";
import { useMay } from "../../lib/session";
import { ConfirmDialog } from "../../ui/confirm-dialog";
import { Failure } from "../../ui/failure";
import { TextLink } from "../../ui/links";
import { notifyDone, notifyFailed } from "../../ui/notify";
import { RelativeTime } from "../../ui/relative-time";
import { SecretOnce } from "../../ui/secret-once";
import { ErrorState, LoadingRows } from "../../ui/states";
import classes from "./triggers.module.css";

type Webhook = components["schemas"]["Webhook"];
type Issued = components["schemas"]["IssuedWebhook"];
type Props = { pipeline: Pipeline };
type HookProps = Props & { webhook: Webhook };

function address(id: string): string {
  return `/api/pipelines/${encodeURIComponent(id)}/webhook`;
}

function webhookKey(id: string) {
  return [...keys.pipeline(id), "webhook"];
}

/** The webhook of a pipeline, or null when it has none. */
async function read(id: string, signal: AbortSignal): Promise<Webhook | null> {
  const response = await send("GET", address(id), { signal });
  return response.status === 204 ? null : ((await response.json()) as Webhook);
}

/** The address by which other systems start runs: making it, pausing it, removing it. */
export function WebhookPart({ pipeline }: Props) {
  const webhook = useQuery({
    queryKey: webhookKey(pipeline.id),
    queryFn: ({ signal }) => read(pipeline.id, signal),
  });
  const may = useMay();
  const [making, dialog] = useDisclosure();
  return (
    <section className={classes.part} aria-label="Webhook">
      <div className={classes.head}>
        <h2 className={classes.title}>Webhook</h2>
        {webhook.data && <Paused pipeline={pipeline} webhook={webhook.data} />}
      </div>
      {webhook.isPending && <LoadingRows rows={1} />}
      {webhook.isError && (
        <ErrorState error={webhook.error} onRetry={() => void webhook.refetch()} />
      )}
      {webhook.data === null && (
        <Text size="sm" c="var(--text-soft)" mb="sm">
          With a webhook, another system starts a run of this pipeline by a request with a token.
        </Text>
      )}
      {webhook.data && <WebhookFacts webhook={webhook.data} />}
      {may("pipelines.edit") && webhook.data !== undefined && (
        <Group gap="xs">
          <Button size="xs" variant="default" onClick={dialog.open}>
            {webhook.data ? "New token…" : "Make a webhook…"}
          </Button>
          {webhook.data && <RemoveButton pipeline={pipeline} />}
        </Group>
      )}
      <MakeDialog
        pipeline={pipeline}
        replaces={Boolean(webhook.data)}
        opened={making}
        onClose={dialog.close}
      />
    </section>
  );
}

function WebhookFacts({ webhook }: { webhook: Webhook }) {
  return (
    <div className={classes.facts}>
      <code>
        POST {window.location.origin}
        {webhook.path}
      </code>
      <span>Token ends with {webhook.token_end}</span>
      <span>{webhook.signed ? "Requests must be signed" : "Requests need no signature"}</span>
      {webhook.last_run_id && webhook.last_at ? (
        <TextLink
          c="inherit"
          fz="inherit"
          to="/runs/$runId"
          params={{ runId: webhook.last_run_id }}
        >
          Last run <RelativeTime at={webhook.last_at} />
        </TextLink>
      ) : (
        <span>It has started no run yet</span>
      )}
    </div>
  );
}

function Paused({ pipeline, webhook }: HookProps) {
  const may = useMay();
  const client = useQueryClient();
  const change = useMutation({
    mutationFn: (what: "pause" | "resume") => post<Webhook>(`${address(pipeline.id)}/${what}`, {}),
    onSuccess: (now) => client.setQueryData(webhookKey(pipeline.id), now),
    onError: (error) => notifyFailed("The webhook was not changed", error),
  });
  return (
    <Switch
      size="xs"
      label={webhook.paused ? "Paused" : "On"}
      checked={!webhook.paused}
      disabled={!may("pipelines.edit") || change.isPending}
      onChange={(event) => change.mutate(event.currentTarget.checked ? "resume" : "pause")}
    />
  );
}

function RemoveButton({ pipeline }: Props) {
  const client = useQueryClient();
  const [asking, dialog] = useDisclosure();
  const end = useMutation({
    mutationFn: () => remove(address(pipeline.id)),
    onSuccess: () => {
      client.setQueryData(webhookKey(pipeline.id), null);
      notifyDone("The webhook is removed.");
      dialog.close();
    },
  });
  return (
    <>
      <Button size="xs" variant="default" color="red" onClick={dialog.open}>
        Remove…
      </Button>
      <ConfirmDialog
        opened={asking}
        title="Remove the webhook?"
        confirmLabel="Remove"
        pending={end.isPending}
        error={end.error}
        onConfirm={() => end.mutate()}
        onClose={dialog.close}
      >
        <Text>Whoever has its token is refused from now on.</Text>
      </ConfirmDialog>
    </>
  );
}

type MakeProps = Props & { replaces: boolean; opened: boolean; onClose: () => void };

function MakeDialog({ pipeline, replaces, opened, onClose }: MakeProps) {
  const client = useQueryClient();
  const [signed, setSigned] = useState(true);
  const [made, setMade] = useState<Issued>();
  const make = useMutation({
    mutationFn: () => put<Issued>(address(pipeline.id), { signed }),
    onSuccess: (issued) => {
      setMade(issued);
      void client.invalidateQueries({ queryKey: webhookKey(pipeline.id) });
    },
  });
  const close = () => {
    setMade(undefined);
    make.reset();
    onClose();
  };
  return (
    <Modal
      opened={opened}
      onClose={close}
      closeOnClickOutside={!made}
      title={replaces ? "A new token" : "A webhook"}
      size="lg"
    >
      {made ? (
        <Shown made={made} onClose={close} />
      ) : (
        <Stack>
          {replaces && <Text size="sm">The token that it has now ends at once.</Text>}
          <Switch
            checked={signed}
            onChange={(event) => setSigned(event.currentTarget.checked)}
            label="Requests must be signed"
            description="As of Standard Webhooks, with a secret of their own: nobody can change a request or send it again."
          />
          {make.error && <Failure error={make.error} />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={close}>
              Not now
            </Button>
            <Button loading={make.isPending} onClick={() => make.mutate()}>
              {replaces ? "Replace the token" : "Make the webhook"}
            </Button>
          </Group>
        </Stack>
      )}
    </Modal>
  );
}

function Shown({ made, onClose }: { made: Issued; onClose: () => void }) {
  return (
    <Stack>
      <Text size="sm">
        Give these to the other system now: they are not shown again. The token goes with every
        request, in the header X-Webhook-Token or at the end of the address.
      </Text>
      <SecretOnce
        label="Address with the token"
        text={`${window.location.origin}${made.path}?token=${made.token}`}
      />
      <SecretOnce label="Token" text={made.token} />
      {made.secret && <SecretOnce label="Secret of the signatures" text={made.secret} />}
      <Group justify="flex-end">
        <Button onClick={onClose}>Done</Button>
      </Group>
    </Stack>
  );
}
