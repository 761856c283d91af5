import { Button, PasswordInput, Stack, TextInput } from "@mantine/core";
import { IconLock } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, useRouter } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { post } from "../../lib/api";
import { formatWait, isLockout, useLockout } from "../../lib/lockout";
import { Failure } from "../../ui/failure";
import { Notice } from "../../ui/notice";
import { Entrance } from "./entrance";

const route = getRouteApi("/signin");

/** Asks for name and password, and leads on to the page that was wanted. */
export function SignInPage() {
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const signIn = useSignIn();
  const waitSeconds = useLockout(signIn.error, signIn.submittedAt);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    signIn.mutate({ username, password });
  };
  return (
    <Entrance title="Sign in" words="to broked on this server">
      <form onSubmit={submit}>
        <Stack gap="sm">
          <TextInput
            label="Name"
            required
            autoFocus
            autoComplete="username"
            value={username}
            onChange={(event) => setUsername(event.currentTarget.value)}
          />
          <PasswordInput
            label="Password"
            required
            autoComplete="current-password"
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
          <Button
            type="submit"
            fullWidth
            mt="xs"
            loading={signIn.isPending}
            disabled={waitSeconds > 0}
          >
            {waitSeconds > 0 ? `Wait ${formatWait(waitSeconds)}` : "Sign in"}
          </Button>
        </Stack>
        <SignInFailure error={signIn.error} waitSeconds={waitSeconds} />
      </form>
    </Entrance>
  );
}

function SignInFailure({ error, waitSeconds }: { error: Error | null; waitSeconds: number }) {
  if (!error) return null;
  if (!isLockout(error)) return <Failure error={error} />;
  if (waitSeconds === 0) return null;
  return (
    <Notice tone="wait" icon={IconLock} title="Too many wrong passwords">
      Signing in is locked for another {formatWait(waitSeconds)}. The right password does not
      shorten the wait.
    </Notice>
  );
}

function useSignIn() {
  const client = useQueryClient();
  const router = useRouter();
  const { next } = route.useSearch();
  return useMutation({
    mutationFn: (credentials: { username: string; password: string }) =>
      post("/api/auth/login", credentials),
    onSuccess: () => {
      client.clear();
      router.history.push(next ?? "/");
    },
  });
}
