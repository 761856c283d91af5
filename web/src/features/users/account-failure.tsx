import { IconShieldLock } from "@tabler/icons-react";
import { ApiError } from "../../lib/api";
import { Failure } from "../../ui/failure";
import { Notice } from "../../ui/notice";

/** Why an account was not changed. */
export function AccountFailure({ error }: { error: Error }) {
  const last = error instanceof ApiError && error.code === "last_admin";
  if (!last) return <Failure error={error} />;
  return (
    <Notice tone="wait" icon={IconShieldLock} title="The last admin has to stay">
      Without this account nobody could look after the server any more. Give another active account
      the same role first.
    </Notice>
  );
}
