import { Button, Loader } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Navigate, useRouter } from "@tanstack/react-router";
import { ApiError } from "../../lib/api";
import { meQuery } from "../../lib/queries";
import { ChangePasswordForm } from "../../ui/change-password-form";
import { ErrorState } from "../../ui/states";
import { useSignOut } from "../../ui/use-sign-out";
import { Entrance } from "./entrance";

const route = getRouteApi("/password");

/** Asks for a password of one's own in the place of a temporary one, and leads on to the page that was wanted. */
export function NewPasswordPage() {
  const me = useQuery(meQuery);
  const client = useQueryClient();
  const router = useRouter();
  const { next } = route.useSearch();
  const done = () => {
    client.clear();
    router.history.push(next ?? "/");
  };
  if (me.error instanceof ApiError && me.error.status === 401) {
    return <Navigate to="/signin" search={next ? { next } : {}} replace />;
  }
  return (
    <Entrance
      title="Choose a new password"
      words="Somebody else knows the one you have. Until you choose your own, nothing else can be done here."
    >
      {me.isPending && <Loader size="sm" role="status" aria-label="Loading" />}
      {me.isError && <ErrorState error={me.error} onRetry={() => void me.refetch()} />}
      {me.data && (
        <>
          <ChangePasswordForm
            username={me.data.username}
            submitLabel="Set the new password"
            onDone={done}
          />
          <SignOut />
        </>
      )}
    </Entrance>
  );
}

function SignOut() {
  const signOut = useSignOut();
  return (
    <Button variant="subtle" fullWidth mt="sm" onClick={() => signOut.mutate()}>
      Sign out
    </Button>
  );
}
