import { Group, Stack, TextInput } from "@mantine/core";
import { ApiError } from "../../lib/api";
import { type FieldProblems, fieldProblems } from "../../lib/field-problems";
import { NativeSelect } from "../../ui/native-select";
import type { Expiry } from "./expiry";
import { PermissionChoice } from "./permission-choice";

/** What people say of a service account. */
export type ServiceDraft = { name: string; permissions: string[]; expiry: Expiry };

type Props = {
  draft: ServiceDraft;
  onChange: (draft: ServiceDraft) => void;
  /** The ways offered to say when the token ends. */
  expiries: readonly string[];
  wrong: FieldProblems["at"];
};

/** The fields of a service account: its name, its end, and what it may do. */
export function ServiceFields({ draft, onChange, expiries, wrong }: Props) {
  const { name, permissions, expiry } = draft;
  const setExpiry = (part: Partial<Expiry>) =>
    onChange({ ...draft, expiry: { ...expiry, ...part } });
  return (
    <Stack gap="sm">
      <TextInput
        label="Service Name"
        description="The program that uses the token, such as nightly-loader."
        required
        data-autofocus
        autoComplete="off"
        value={name}
        error={wrong.name}
        onChange={(event) => onChange({ ...draft, name: event.currentTarget.value })}
      />
      <Group gap="sm" align="flex-start" grow>
        <NativeSelect
          label="Expires"
          data={[...expiries]}
          value={expiry.choice}
          error={wrong.expiry}
          onChange={(event) => setExpiry({ choice: event.currentTarget.value })}
        />
        {expiry.choice === "On a day" && (
          <TextInput
            type="date"
            label="Last day"
            required
            value={expiry.day}
            onChange={(event) => setExpiry({ day: event.currentTarget.value })}
          />
        )}
      </Group>
      <PermissionChoice
        chosen={permissions}
        onChange={(chosen) => onChange({ ...draft, permissions: chosen })}
      />
    </Stack>
  );
}

/** Why the server did not take a service account, by field. */
export function serviceProblems(error: Error | null): FieldProblems {
  if (error instanceof ApiError && error.code === "service_exists") {
    return { at: { name: error.message }, rest: null };
  }
  return fieldProblems(error, { name: ["service_name"], expiry: ["expires_at"] });
}
