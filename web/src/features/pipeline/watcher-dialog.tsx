import { Button, Checkbox, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { connectionsQuery } from "../../lib/connections";
import { fieldProblems } from "../../lib/field-problems";
import type { Pipeline } from "../../lib/model";
import type { Watcher } from "../../lib/trigger-model";
import { Failure } from "../../ui/failure";
import { NativeSelect } from "../../ui/native-select";
import { useSaveTriggers } from "./triggers";

type Props = { pipeline: Pipeline; onClose: () => void };

const empty = {
  name: "",
  type: "file",
  conn_id: "",
  path: "",
  stable_for: "10s",
  existing: false,
  every: "1m",
  product: "",
  events: ["created", "updated"],
  quiet_for: "10s",
};

/** The trigger as a document has it: without what belongs to the other type. */
function written(form: typeof empty): Watcher {
  const { name, conn_id, path, stable_for, existing, every, product, events, quiet_for } = form;
  if (form.type === "file") {
    const elsewhere = conn_id ? { conn_id, every } : {};
    const also = existing ? { existing } : {};
    return { name, type: "file", path, stable_for, ...also, ...elsewhere };
  }
  const of = product === "recruiting" || product === "retention" ? { product } : {};
  return { name, type: "contacts", events, quiet_for, ...of } as Watcher;
}

/** Adds a trigger that looks at files or contacts. */
export function WatcherDialog({ pipeline, onClose }: Props) {
  const [form, setForm] = useState(empty);
  const save = useSaveTriggers(pipeline);
  const others = pipeline.triggers ?? [];
  const at = (field: string) => [`triggers[${others.length}].${field}`];
  const problems = fieldProblems(save.error, {
    name: at("name"),
    conn_id: at("conn_id"),
    every: at("every"),
    path: at("path"),
    stable_for: at("stable_for"),
    quiet_for: at("quiet_for"),
  });
  const change = (part: Partial<typeof empty>) => {
    save.reset();
    setForm({ ...form, ...part });
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate({ triggers: [...others, written(form)] }, { onSuccess: onClose });
  };
  return (
    <Modal opened onClose={onClose} title={<Text fw={650}>A trigger</Text>}>
      <form onSubmit={submit}>
        <Stack gap="sm">
          <TextInput
            label="Name"
            description="Lower-case letters, digits and dashes"
            required
            withAsterisk={false}
            data-autofocus
            value={form.name}
            error={problems.at.name}
            onChange={(event) => change({ name: event.currentTarget.value })}
          />
          <NativeSelect
            label="What starts runs"
            data={[
              { value: "file", label: "Files that arrive" },
              { value: "contacts", label: "Contacts that change" },
            ]}
            value={form.type}
            onChange={(event) => change({ type: event.currentTarget.value })}
          />
          {form.type === "file" ? (
            <FileFields form={form} errors={problems.at} change={change} />
          ) : (
            <ContactFields form={form} errors={problems.at} change={change} />
          )}
        </Stack>
        {problems.rest && <Failure error={problems.rest} />}
        <Group justify="flex-end" mt="lg" gap="xs">
          <Button variant="default" onClick={onClose}>
            Not now
          </Button>
          <Button type="submit" loading={save.isPending}>
            Add
          </Button>
        </Group>
      </form>
    </Modal>
  );
}

type FieldsProps = {
  form: typeof empty;
  errors: Record<string, string>;
  change: (part: Partial<typeof empty>) => void;
};

/** The types of connections that lead to files. */
const storage = ["s3", "gcs", "azure_blob", "sftp"];

function FileFields({ form, errors, change }: FieldsProps) {
  const connections = useQuery(connectionsQuery);
  const places = (connections.data ?? []).filter(({ type }) => storage.includes(type));
  return (
    <>
      <NativeSelect
        label="Where"
        data={[
          { value: "", label: "The server's disk" },
          ...places.map(({ conn_id }) => ({ value: conn_id, label: conn_id })),
        ]}
        value={form.conn_id}
        error={errors.conn_id ?? (connections.isError && "The connections cannot be read.")}
        onChange={(event) => change({ conn_id: event.currentTarget.value })}
      />
      <TextInput
        label="Path or pattern"
        placeholder="incoming/*.csv"
        description="Runs get it as ${param.file} and ${param.file_name}"
        required
        withAsterisk={false}
        value={form.path}
        error={errors.path}
        onChange={(event) => change({ path: event.currentTarget.value })}
      />
      {form.conn_id && (
        <TextInput
          label="Looked at every"
          value={form.every}
          error={errors.every}
          onChange={(event) => change({ every: event.currentTarget.value })}
        />
      )}
      <TextInput
        label="Stays as it is for"
        value={form.stable_for}
        error={errors.stable_for}
        onChange={(event) => change({ stable_for: event.currentTarget.value })}
      />
      <Checkbox
        label="Files that are there now start runs as well"
        checked={form.existing}
        onChange={(event) => change({ existing: event.currentTarget.checked })}
      />
    </>
  );
}

function ContactFields({ form, errors, change }: FieldsProps) {
  const turn = (event: string, on: boolean) =>
    change({ events: on ? [...form.events, event] : form.events.filter((one) => one !== event) });
  return (
    <>
      <NativeSelect
        label="Of"
        data={[
          { value: "", label: "Leads and agents" },
          { value: "recruiting", label: "Leads" },
          { value: "retention", label: "Agents" },
        ]}
        value={form.product}
        onChange={(event) => change({ product: event.currentTarget.value })}
      />
      {["created", "updated", "deleted"].map((event) => (
        <Checkbox
          key={event}
          label={`When one is ${event}`}
          checked={form.events.includes(event)}
          onChange={({ currentTarget }) => turn(event, currentTarget.checked)}
        />
      ))}
      <TextInput
        label="And nothing more changes for"
        value={form.quiet_for}
        error={errors.quiet_for}
        onChange={(event) => change({ quiet_for: event.currentTarget.value })}
      />
    </>
  );
}
