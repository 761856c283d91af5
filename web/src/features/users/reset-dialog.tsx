import { Button, Group, Modal, PasswordInput, Radio, Stack, Text } from "@mantine/core";
import "@mantine/core/styles/Radio.css";
import { type FormEvent, useState } from "react";
import type { User } from "../../lib/accounts";
import { fieldProblems } from "../../lib/field-problems";
import { Failure } from "../../ui/failure";
import { notifyDone } from "../../ui/notify";
import { SecretOnce } from "../../ui/secret-once";
import { useResetPassword } from "./commands";

type Props = { user: User; opened: boolean; onClose: () => void };

/** Gives an account a new password and, when the server made it up, shows it this one time. */
export function ResetDialog({ user, opened, onClose }: Props) {
  const [generated, setGenerated] = useState<string>();
  const close = () => {
    setGenerated(undefined);
    onClose();
  };
  const done = (password: string | undefined) => {
    if (password) return setGenerated(password);
    notifyDone(`“${user.username}” has a new password.`);
    return close();
  };
  return (
    <Modal
      opened={opened}
      onClose={close}
      // A slip of the mouse must not lose what is shown only once.
      closeOnClickOutside={!generated}
      closeOnEscape={!generated}
      title={<Text fw={650}>Reset password</Text>}
    >
      {generated ? (
        <Generated user={user} password={generated} onClose={close} />
      ) : (
        <ResetForm user={user} onDone={done} onClose={close} />
      )}
    </Modal>
  );
}

type FormProps = { user: User; onDone: (password?: string) => void; onClose: () => void };

function ResetForm({ user, onDone, onClose }: FormProps) {
  const [given, setGiven] = useState(false);
  const [password, setPassword] = useState("");
  const reset = useResetPassword(user.id);
  const wrong = fieldProblems(reset.error, { password: ["new_password", "password"] });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    reset.mutate(given ? password : undefined, { onSuccess: (made) => onDone(made.password) });
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <Text style={{ overflowWrap: "anywhere" }}>
          <strong>{user.username}</strong> is signed out everywhere and needs the new password. A
          lock after wrong passwords is lifted.
        </Text>
        <Radio.Group
          aria-label="Where the new password comes from"
          value={given ? "given" : "generated"}
          onChange={(value) => setGiven(value === "given")}
        >
          <Stack gap="xs">
            <Radio
              value="generated"
              label="Make one up"
              description="It is shown to you once, and has to be changed at the next sign-in."
            />
            <Radio value="given" label="Set this one" />
          </Stack>
        </Radio.Group>
        {given && (
          <PasswordInput
            label="New password"
            required
            autoFocus
            autoComplete="new-password"
            value={password}
            error={wrong.at.password}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
        )}
      </Stack>
      {wrong.rest && <Failure error={wrong.rest} />}
      <Group justify="flex-end" mt="lg" gap="xs">
        <Button variant="default" onClick={onClose}>
          Keep as it is
        </Button>
        <Button type="submit" loading={reset.isPending}>
          Reset password
        </Button>
      </Group>
    </form>
  );
}

type GeneratedProps = { user: User; password: string; onClose: () => void };

function Generated({ user, password, onClose }: GeneratedProps) {
  return (
    <Stack gap="sm">
      <Text style={{ overflowWrap: "anywhere" }}>
        Tell <strong>{user.username}</strong> this password in a safe way. It is not shown again,
        and has to be changed at the next sign-in.
      </Text>
      <SecretOnce label="New password" text={password} />
      <Group justify="flex-end" mt="xs">
        <Button onClick={onClose}>Done</Button>
      </Group>
    </Stack>
  );
}
