import { Button, Checkbox, Group, Modal, Stack, Switch, Text, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { post, put } from "../../lib/api";
import { fieldProblems } from "../../lib/field-problems";
import {
  type Hook,
  type HookSettings,
  type HookType,
  hookEvents,
  hooksPath,
  useHookCommand,
} from "../../lib/hooks";
import { Failure } from "../../ui/failure";
import { NativeSelect } from "../../ui/native-select";
import { SecretOnce } from "../../ui/secret-once";

type Props = { hook?: Hook | undefined; onClose: () => void };

const types = [
  { value: "webhook", label: "Webhook" },
  { value: "slack", label: "Slack" },
  { value: "teams", label: "Microsoft Teams" },
  { value: "email", label: "E-mail" },
];

/** Makes a hook for many pipelines, or changes one. */
export function HookDialog({ hook, onClose }: Props) {
  const [secret, setSecret] = useState("");
  return (
    <Modal
      opened
      onClose={onClose}
      closeOnClickOutside={!secret}
      closeOnEscape={!secret}
      title={<Text fw={650}>{hook ? "Edit hook" : "New hook"}</Text>}
    >
      {secret ? (
        <Stack gap="sm">
          <Text>Webhooks of this hook are signed with this secret. It is not shown again.</Text>
          <SecretOnce label="Secret" text={secret} />
          <Group justify="flex-end">
            <Button onClick={onClose}>Done</Button>
          </Group>
        </Stack>
      ) : (
        <HookForm hook={hook} onClose={onClose} onSecret={setSecret} />
      )}
    </Modal>
  );
}

const empty: HookSettings = { name: "", type: "webhook", events: ["on_failure"], enabled: true };

/** What the server takes: only what belongs to the type. */
function settings(draft: HookSettings, to: string): HookSettings {
  const { name, type, url, channel, events, tag, pipelines, enabled } = draft;
  return {
    name,
    type,
    events,
    tag: tag ?? "",
    pipelines: pipelines ?? "",
    enabled,
    ...(type === "email" ? { to: to.split(/[\s,]+/).filter(Boolean) } : { url: url ?? "" }),
    ...(type === "slack" && channel ? { channel } : {}),
  };
}

type FormProps = Props & { onSecret: (secret: string) => void };

function HookForm({ hook, onClose, onSecret }: FormProps) {
  const [draft, setDraft] = useState<HookSettings>(hook ?? empty);
  const [to, setTo] = useState(hook?.to?.join(", ") ?? "");
  const set = (change: Partial<HookSettings>) => setDraft({ ...draft, ...change });
  const save = useHookCommand((next: HookSettings) =>
    hook
      ? put<{ secret?: string }>(`${hooksPath}/${hook.id}`, next)
      : post<{ secret?: string }>(hooksPath, next),
  );
  const wrong = fieldProblems(save.error, {
    name: ["name", "body.name"],
    url: ["url", "body.url"],
    to: ["to", "body.to"],
    events: ["events", "body.events"],
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate(settings(draft, to), {
      onSuccess: ({ secret }) => (secret ? onSecret(secret) : onClose()),
    });
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <TextInput
          label="Name"
          required
          value={draft.name}
          error={wrong.at.name}
          onChange={(event) => set({ name: event.currentTarget.value })}
        />
        <NativeSelect
          label="Tells"
          data={types}
          value={draft.type}
          onChange={(event) => set({ type: event.currentTarget.value as HookType })}
        />
        {draft.type === "email" ? (
          <TextInput
            label="To"
            placeholder="ann@example.com, bob@example.com"
            value={to}
            error={wrong.at.to}
            onChange={(event) => setTo(event.currentTarget.value)}
          />
        ) : (
          <TextInput
            label="Address"
            placeholder="https://"
            value={draft.url ?? ""}
            error={wrong.at.url}
            onChange={(event) => set({ url: event.currentTarget.value })}
          />
        )}
        <Checkbox.Group
          label="When"
          value={draft.events}
          error={wrong.at.events}
          onChange={(events) => set({ events })}
        >
          <Stack gap={6} mt={6}>
            {Object.entries(hookEvents).map(([event, words]) => (
              <Checkbox key={event} size="xs" value={event} label={words} />
            ))}
          </Stack>
        </Checkbox.Group>
        <TextInput
          label="Only pipelines with the tag"
          value={draft.tag ?? ""}
          onChange={(event) => set({ tag: event.currentTarget.value })}
        />
        <TextInput
          label="Only pipelines of the name"
          description="* stands for any characters, as in sales*"
          value={draft.pipelines ?? ""}
          onChange={(event) => set({ pipelines: event.currentTarget.value })}
        />
        <Switch
          label="Switched on"
          checked={draft.enabled}
          onChange={(event) => set({ enabled: event.currentTarget.checked })}
        />
      </Stack>
      {wrong.rest && <Failure error={wrong.rest} />}
      <Group justify="flex-end" mt="lg" gap="xs">
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button type="submit" loading={save.isPending}>
          Save
        </Button>
      </Group>
    </form>
  );
}
