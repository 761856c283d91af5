import {
  Button,
  Group,
  Modal,
  PasswordInput,
  Stack,
  Text,
  Textarea,
  TextInput,
} from "@mantine/core";
import { type FormEvent, useState } from "react";
import { fieldProblems } from "../../lib/field-problems";
import {
  nameOf,
  saveVariable,
  useVariableCommand,
  type Variable,
  type VariableDraft,
} from "../../lib/variables";
import { Failure } from "../../ui/failure";
import { NativeSelect } from "../../ui/native-select";

type Props = { variable: Variable | undefined; onClose: () => void };

const types = [
  { value: "string", label: "Text" },
  { value: "number", label: "Number" },
  { value: "boolean", label: "True or false" },
  { value: "json", label: "JSON" },
  { value: "secret", label: "Secret" },
] as const;

const paths = Object.fromEntries(
  ["key", "type", "value", "description"].map((name) => [name, [name, `body.${name}`]]),
);

/** Makes a variable, or changes one. A secret is never shown. */
export function VariableDialog({ variable, onClose }: Props) {
  const [draft, setDraft] = useState<VariableDraft>({
    key: variable?.key ?? "",
    type: variable?.type ?? "string",
    value: variable && variable.type !== "secret" ? variable.value : "",
    description: variable?.description ?? "",
  });
  const saving = useVariableCommand((given: VariableDraft) => saveVariable(given, variable));
  const wrong = fieldProblems(saving.error, paths);
  const change = (next: Partial<VariableDraft>) => setDraft({ ...draft, ...next });
  const changeType = (chosen: string) => {
    const type = types.find(({ value }) => value === chosen)?.value ?? "string";
    // What was typed as a secret is not shown because another type was chosen.
    change({ type, ...(draft.type === "secret" && { value: "" }) });
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const value = draft.type === "boolean" && !draft.value ? "false" : draft.value;
    saving.mutate({ ...draft, value }, { onSuccess: onClose });
  };
  return (
    <Modal
      opened
      onClose={onClose}
      closeOnClickOutside={false}
      title={<Text fw={650}>{variable ? "Edit variable" : "New variable"}</Text>}
    >
      <form onSubmit={submit}>
        <Stack gap="sm">
          <TextInput
            label="Name"
            required
            disabled={variable !== undefined}
            value={draft.key}
            error={wrong.at.key}
            description={draft.key && `Settings name it ${nameOf(draft)}`}
            onChange={(event) => change({ key: event.currentTarget.value })}
            data-autofocus={variable ? undefined : true}
          />
          <NativeSelect
            label="Type"
            data={[...types]}
            value={draft.type}
            error={wrong.at.type}
            onChange={(event) => changeType(event.currentTarget.value)}
          />
          <Value
            draft={draft}
            kept={variable?.type === "secret"}
            error={wrong.at.value}
            onChange={(value) => change({ value })}
          />
          <TextInput
            label="Description"
            value={draft.description}
            error={wrong.at.description}
            onChange={(event) => change({ description: event.currentTarget.value })}
          />
        </Stack>
        {wrong.rest && <Failure error={wrong.rest} />}
        <Group justify="flex-end" mt="lg" gap="xs">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={saving.isPending}>
            Save
          </Button>
        </Group>
      </form>
    </Modal>
  );
}

type ValueProps = {
  draft: VariableDraft;
  /** The server keeps a secret. */
  kept: boolean;
  error: string | undefined;
  onChange: (value: string) => void;
};

function Value({ draft, kept, error, onChange }: ValueProps) {
  const common = {
    label: "Value",
    error,
    onChange: (event: { currentTarget: { value: string } }) => onChange(event.currentTarget.value),
  };
  switch (draft.type) {
    case "secret":
      return (
        <PasswordInput
          {...common}
          value={draft.value}
          autoComplete="new-password"
          description={
            kept
              ? "It is kept, and shown to nobody. Left empty, it stays."
              : "Sealed, and shown to nobody afterwards."
          }
        />
      );
    case "boolean":
      return <NativeSelect {...common} data={["false", "true"]} value={draft.value || "false"} />;
    case "number":
      return <TextInput {...common} value={draft.value} inputMode="decimal" />;
    default:
      return (
        <Textarea
          {...common}
          value={draft.value}
          rows={draft.type === "json" ? 6 : 2}
          resize="vertical"
        />
      );
  }
}
