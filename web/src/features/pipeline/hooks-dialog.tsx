import { Button, Group, Modal, NativeSelect, Stack, Text, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { post, put } from "../../lib/api";
import {
  ask,
  type Delivery,
  type Hook,
  hookEvents,
  hooksQuery,
  pipelineHooksPath,
  useHookCommand,
} from "../../lib/hooks";
import type { DocumentHook, Pipeline } from "../../lib/model";
import { useMay } from "../../lib/session";
import { DeliveryTable } from "../../ui/delivery-table";
import { Failure } from "../../ui/failure";
import { notifyDone, notifyFailed } from "../../ui/notify";
import { SecretOnce } from "../../ui/secret-once";

type Props = { pipeline: Pipeline; onClose: () => void };

/** Who is told what happens to runs of a pipeline, and what they were told. */
export function HooksDialog({ pipeline, onClose }: Props) {
  const path = pipelineHooksPath(pipeline.id);
  const hooks = useQuery(hooksQuery(path));
  const edit = useMay()("pipelines.edit");
  const at = ({ hook_name, id }: Delivery) => `${path}/${hook_name}/deliveries/${id}/resend`;
  return (
    <Modal opened onClose={onClose} size={760} title={<Text fw={650}>Hooks</Text>}>
      <Stack gap="lg">
        {edit && <HooksForm pipeline={pipeline} />}
        {edit && hooks.data?.map((hook) => <HookLine key={hook.id} path={path} hook={hook} />)}
        <DeliveryTable path={path.replace(/hooks$/, "deliveries")} resend={edit ? at : undefined} />
      </Stack>
    </Modal>
  );
}

type Told = DocumentHook;

const inDocument = ["on_start", "on_success", "on_failure", "on_node_failure"];

const types = [
  { value: "webhook", label: "Webhook" },
  { value: "slack", label: "Slack" },
  { value: "teams", label: "Microsoft Teams" },
  { value: "email", label: "E-mail" },
];

/** What people type as the receiver of a hook. */
function receiver({ type, url, extra }: Told): string {
  if (type !== "email") return url;
  const to = (extra as { to?: string | string[] } | undefined)?.to ?? [];
  return Array.isArray(to) ? to.join(", ") : to;
}

function HooksForm({ pipeline }: { pipeline: Pipeline }) {
  const [hooks, setHooks] = useState(pipeline.hooks ?? {});
  const save = useHookCommand((next: Record<string, Told>) =>
    put(`/api/pipelines/${encodeURIComponent(pipeline.id)}`, { hooks: next }),
  );
  const change = (event: string, type: string, text: string) => {
    const { [event]: old, ...others } = hooks;
    const extra = old?.type === type ? old.extra : undefined;
    const to = type === "email" ? { url: "", extra: { to: text } } : { url: text, extra };
    setHooks(
      text || type !== "webhook"
        ? { ...others, [event]: { type, enabled: old?.enabled ?? true, ...to } }
        : others,
    );
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate(hooks, { onSuccess: () => notifyDone("The hooks are saved.") });
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="xs">
        {inDocument.map((event) => {
          const hook = hooks[event] ?? { type: "webhook", url: "", enabled: true };
          const words = hookEvents[event] ?? event;
          return (
            <Group key={event} gap="xs" align="flex-end" wrap="nowrap">
              <NativeSelect
                label={words}
                w={180}
                data={types}
                value={hook.type}
                onChange={({ currentTarget }) => change(event, currentTarget.value, receiver(hook))}
              />
              <TextInput
                aria-label={`${words}: who is told`}
                placeholder={hook.type === "email" ? "ann@example.com" : "https://"}
                flex={1}
                value={receiver(hook)}
                onChange={({ currentTarget }) => change(event, hook.type, currentTarget.value)}
              />
            </Group>
          );
        })}
      </Stack>
      {save.error && <Failure error={save.error} />}
      <Group justify="flex-end" mt="sm">
        <Button type="submit" loading={save.isPending}>
          Save
        </Button>
      </Group>
    </form>
  );
}

function HookLine({ path, hook }: { path: string; hook: Hook }) {
  const test = useHookCommand(ask);
  const renew = useHookCommand(() => post<{ secret: string }>(`${path}/${hook.name}/secret`, {}));
  const failed = (error: Error) => notifyFailed("That did not work", error);
  return (
    <div>
      <Group gap="xs">
        <Text flex={1}>
          {hook.name} {hook.signed && "(signed)"}
        </Text>
        {hook.type === "webhook" && (
          <Button
            size="compact-xs"
            variant="default"
            aria-label={`Make a secret for ${hook.name}`}
            onClick={() => renew.mutate(undefined, { onError: failed })}
          >
            Make a secret
          </Button>
        )}
        <Button
          size="compact-xs"
          variant="default"
          aria-label={`Send a sample of ${hook.name}`}
          onClick={() => test.mutate(`${path}/${hook.name}/test`, { onError: failed })}
        >
          Send a sample
        </Button>
      </Group>
      {renew.data && <SecretOnce label="Secret, shown only now" text={renew.data.secret} />}
    </div>
  );
}
