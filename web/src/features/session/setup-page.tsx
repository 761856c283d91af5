import { Loader } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Navigate, useNavigate } from "@tanstack/react-router";
import { setFirstSteps } from "../../lib/first-steps";
import { setupQuery } from "../../lib/queries";
import { skipSetup } from "../../lib/setup-choice";
import { TextLink } from "../../ui/links";
import { ErrorState } from "../../ui/states";
import { Entrance } from "./entrance";
import { FirstAccountForm } from "./first-account-form";

/** Makes the first account of a new server. */
export function SetupPage() {
  const setup = useQuery(setupQuery);
  const navigate = useNavigate();
  if (setup.isPending) {
    return (
      <Entrance title="Welcome to broked" words="One moment.">
        <Loader size="sm" role="status" aria-label="Loading" />
      </Entrance>
    );
  }
  if (setup.isError) {
    return (
      <Entrance title="Welcome to broked" words="The server has to answer first.">
        <ErrorState error={setup.error} onRetry={() => void setup.refetch()} />
      </Entrance>
    );
  }
  if (!setup.data.needs_setup) return <Navigate to="/signin" replace />;
  return (
    <Entrance title="Welcome to broked" words={<Words open={setup.data.open} />}>
      <FirstAccountForm
        tokenRequired={setup.data.token_required}
        onDone={(username) => {
          setFirstSteps(username, { tour: { step: 1 } });
          void navigate({ to: "/" });
        }}
      />
      {setup.data.open && (
        <TextLink to="/" onClick={skipSetup} display="block" ta="center" mt="md" fz="sm">
          Go on without an account for now
        </TextLink>
      )}
    </Entrance>
  );
}

function Words({ open }: { open: boolean }) {
  return open ? (
    <>
      Create the first account; it may do everything. Until then the server is in open mode: anyone
      on this machine can use it.
    </>
  ) : (
    <>Create the first account; it may do everything.</>
  );
}
