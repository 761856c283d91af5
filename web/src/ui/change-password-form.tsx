import { Button, PasswordInput, Stack } from "@mantine/core";
import { IconLock } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { ApiError, post } from "../lib/api";
import { type FieldProblems, fieldProblems } from "../lib/field-problems";
import { formatWait, isLockout, useLockout } from "../lib/lockout";
import { Failure } from "./failure";
import { Notice } from "./notice";

const blank = { current: "", next: "", repeated: "" };

type Props = {
  /** The name of the account, for the browser's store of passwords. */
  username: string;
  submitLabel?: string;
  onDone: () => void;
};

/** Asks for the password of now and twice for the new one. What the server finds wrong stands at its field. */
export function ChangePasswordForm({ username, submitLabel = "Change password", onDone }: Props) {
  const [words, setWords] = useState(blank);
  const [checked, setChecked] = useState(false);
  const change = useMutation({
    mutationFn: ({ current, next }: typeof blank) =>
      post("/api/auth/change-password", { current_password: current, new_password: next }),
    onSuccess: () => {
      setWords(blank);
      setChecked(false);
      onDone();
    },
  });
  const waitSeconds = useLockout(change.error, change.submittedAt);
  const differs = words.repeated !== words.next;
  const wrong = passwordProblems(change.error);

  const type = (part: Partial<typeof blank>) => setWords({ ...words, ...part });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setChecked(true);
    if (!differs) change.mutate(words);
  };
  return (
    <form onSubmit={submit}>
      <input type="hidden" name="username" autoComplete="username" value={username} />
      <Stack gap="sm">
        <PasswordInput
          label="Current password"
          required
          autoComplete="current-password"
          value={words.current}
          error={wrong.at.current}
          onChange={(event) => type({ current: event.currentTarget.value })}
        />
        <PasswordInput
          label="New password"
          required
          autoComplete="new-password"
          value={words.next}
          error={wrong.at.next}
          onChange={(event) => type({ next: event.currentTarget.value })}
        />
        <PasswordInput
          label="Repeat the new password"
          required
          autoComplete="new-password"
          value={words.repeated}
          error={checked && differs && "The two passwords differ."}
          onChange={(event) => type({ repeated: event.currentTarget.value })}
        />
        <Button type="submit" mt="xs" loading={change.isPending} disabled={waitSeconds > 0}>
          {waitSeconds > 0 ? `Wait ${formatWait(waitSeconds)}` : submitLabel}
        </Button>
      </Stack>
      <ChangeFailure error={wrong.rest} waitSeconds={waitSeconds} />
    </form>
  );
}

function ChangeFailure({ error, waitSeconds }: { error: Error | null; waitSeconds: number }) {
  if (!error) return null;
  if (!isLockout(error)) return <Failure error={error} />;
  if (waitSeconds === 0) return null;
  return (
    <Notice tone="wait" icon={IconLock} title="Too many wrong passwords">
      The password can be changed again in {formatWait(waitSeconds)}.
    </Notice>
  );
}

function passwordProblems(error: Error | null): FieldProblems {
  if (error instanceof ApiError && error.code === "wrong_password") {
    return { at: { current: error.message }, rest: null };
  }
  return fieldProblems(error, {
    current: ["current_password"],
    next: ["new_password", "password"],
  });
}
