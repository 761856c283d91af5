import { Button, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import type { ReactNode } from "react";
import {
  type Connection,
  type ConnectionDraft,
  type ConnectionField,
  type ConnectionType,
  keepsPassword,
} from "../../lib/connections";
import type { JsonSchema, Settings } from "../../lib/model";
import { SchemaForm } from "../../ui/form/schema-form";
import classes from "./connections.module.css";
import { TypeIcon } from "./type-icon";

type Props = {
  type: ConnectionType;
  /** Leads to another type; none when there is no way back. */
  onBack: (() => void) | undefined;
  connection: Connection | undefined;
  draft: ConnectionDraft;
  wrong: Record<string, string>;
  onChange: (next: Partial<ConnectionDraft>) => void;
};

const plain = [
  { field: "host", label: "Host" },
  { field: "port", label: "Port" },
  { field: "schema", label: "Database" },
  { field: "login", label: "Login" },
] as const satisfies { field: ConnectionField; label: string }[];

/** What a connection of a type has, to be written. */
export function ConnectionFields({ type, onBack, connection, draft, wrong, onChange }: Props) {
  const place = plain.filter(({ field }) => field !== "login" && type.fields.includes(field));
  const signsIn = type.fields.includes("login") || type.fields.includes("password");
  const field = ({ field, label }: (typeof plain)[number]) => (
    <TextInput
      key={field}
      label={type.labels?.[field] ?? label}
      description={type.hints?.[field]}
      inputMode={field === "port" ? "numeric" : undefined}
      value={draft[field]}
      error={wrong[field]}
      onChange={(event) => onChange({ [field]: event.currentTarget.value })}
    />
  );
  return (
    <Stack gap="sm">
      <div className={classes.chosen}>
        <TypeIcon type={type} size={22} />
        <div style={{ flex: 1 }}>
          <Text fw={600}>{type.label}</Text>
          <Text size="xs" c={wrong.type ? "red" : "dimmed"}>
            {wrong.type ?? type.description}
            {type.untried && " Not tried against a server: test it with yours."}
          </Text>
        </div>
        {onBack && (
          <Button size="compact-xs" variant="default" onClick={onBack}>
            Another type
          </Button>
        )}
      </div>
      <TextInput
        label="Name"
        description="What nodes call it. Small letters, digits, dots, dashes and underscores; it cannot be changed later."
        required
        disabled={connection !== undefined}
        value={draft.conn_id}
        error={wrong.conn_id}
        onChange={(event) => onChange({ conn_id: event.currentTarget.value })}
      />
      <TextInput
        label="Description"
        value={draft.description}
        onChange={(event) => onChange({ description: event.currentTarget.value })}
      />
      {place.length > 0 && <Section title="Where it is">{place.map(field)}</Section>}
      {signsIn && (
        <Section title="Sign-in">
          {plain.filter((one) => one.field === "login" && type.fields.includes("login")).map(field)}
          {type.fields.includes("password") && (
            <Secret
              connection={connection}
              label={type.labels?.password ?? "Password"}
              hint={type.hints?.password}
              draft={draft}
              wrong={wrong}
              onChange={onChange}
            />
          )}
        </Section>
      )}
      <Part
        title="Options"
        schema={type.options_schema}
        value={draft.options}
        onChange={(options) => onChange({ options })}
      />
      <Part
        title="Secret settings"
        schema={type.extra_schema}
        value={draft.extra}
        onChange={(extra) => onChange({ extra })}
      >
        {connection?.extra_ref
          ? "Some are kept and shown to nobody. What is written here takes the place of all of them."
          : "They are kept sealed and shown to nobody."}
      </Part>
    </Stack>
  );
}

type SecretProps = Pick<Props, "connection" | "draft" | "wrong" | "onChange"> & {
  label: string;
  hint: string | undefined;
};

function Secret({ connection, label, hint, draft, wrong, onChange }: SecretProps) {
  return (
    <>
      <PasswordInput
        label={label}
        description={hint}
        autoComplete="new-password"
        placeholder={keepsPassword(connection) ? "Kept here; leave it empty to keep it" : undefined}
        disabled={draft.password_ref !== ""}
        value={draft.password}
        error={wrong.password}
        onChange={(event) => onChange({ password: event.currentTarget.value })}
      />
      <TextInput
        label="Or where the password is"
        description="env://NAME or file:///path; it is read for each run"
        disabled={draft.password !== ""}
        value={draft.password_ref}
        error={wrong.password_ref}
        onChange={(event) => onChange({ password_ref: event.currentTarget.value })}
      />
    </>
  );
}

type PartProps = {
  title: string;
  schema: JsonSchema;
  value: Settings;
  children?: ReactNode;
  onChange: (next: Settings) => void;
};

function Part({ title, schema, value, children, onChange }: PartProps) {
  if (Object.keys(schema.properties ?? {}).length === 0) return null;
  return (
    <Section title={title}>
      {children && (
        <Text size="xs" c="dimmed" mb="xs">
          {children}
        </Text>
      )}
      <SchemaForm
        // A form remembers what is being written: another type begins with an empty one.
        key={JSON.stringify(Object.keys(schema.properties ?? {}))}
        schema={schema}
        value={value}
        problems={[]}
        columns={[]}
        onChange={onChange}
      />
    </Section>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <fieldset className={classes.section}>
      <legend>{title}</legend>
      <Stack gap="sm">{children}</Stack>
    </fieldset>
  );
}
