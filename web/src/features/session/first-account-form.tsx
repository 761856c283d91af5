import { Button, PasswordInput, Stack, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import type { User } from "../../lib/accounts";
import { ApiError, post } from "../../lib/api";
import { keys } from "../../lib/queries";
import { Failure } from "../../ui/failure";
import { TextLink } from "../../ui/links";

type Account = { username: string; password: string; token: string };

type Props = { tokenRequired: boolean; onDone: (username: string) => void };

/** Name, password and its repetition; signs the new person in when the account is made. */
export function FirstAccountForm({ tokenRequired, onDone }: Props) {
  const [account, setAccount] = useState<Account>({ username: "", password: "", token: "" });
  const [repeated, setRepeated] = useState("");
  const [checked, setChecked] = useState(false);
  const create = useFirstAccount(onDone);
  const differs = repeated !== account.password;

  const change = (part: Partial<Account>) => setAccount({ ...account, ...part });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setChecked(true);
    if (!differs) create.mutate(account);
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        {tokenRequired && (
          <TextInput
            label="Setup token"
            description="The server wrote it to its log when it started. It is asked for because you are not on the server's own machine."
            required
            autoComplete="off"
            value={account.token}
            onChange={(event) => change({ token: event.currentTarget.value })}
          />
        )}
        <TextInput
          label="Name"
          required
          autoComplete="username"
          autoFocus
          value={account.username}
          onChange={(event) => change({ username: event.currentTarget.value })}
        />
        <PasswordInput
          label="Password"
          required
          autoComplete="new-password"
          value={account.password}
          onChange={(event) => change({ password: event.currentTarget.value })}
        />
        <PasswordInput
          label="Repeat the password"
          required
          autoComplete="new-password"
          value={repeated}
          error={checked && differs && "The two passwords differ."}
          onChange={(event) => setRepeated(event.currentTarget.value)}
        />
        <Button type="submit" fullWidth mt="xs" loading={create.isPending}>
          Create the account
        </Button>
      </Stack>
      {create.error && <CreateFailure error={create.error} />}
    </form>
  );
}

function CreateFailure({ error }: { error: Error }) {
  const late = error instanceof ApiError && error.status === 409;
  if (!late) return <Failure error={error} />;
  return (
    <>
      <Failure error={error} />
      <TextLink to="/signin" display="block" ta="center" mt="sm">
        Somebody was first: sign in instead
      </TextLink>
    </>
  );
}

function useFirstAccount(onDone: Props["onDone"]) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async ({ username, password, token }: Account) => {
      const headers: Record<string, string> = token ? { "X-Setup-Token": token } : {};
      await post<User>("/api/auth/users", { username, password, role: "superadmin" }, { headers });
      await post("/api/auth/login", { username, password });
    },
    onSuccess: (_, { username }) => {
      client.removeQueries({ queryKey: keys.session });
      onDone(username);
    },
  });
}
