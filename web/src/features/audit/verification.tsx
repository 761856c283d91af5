import { Button } from "@mantine/core";
import { IconAlertTriangle, IconShieldCheck } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { AuditVerdict } from "../../lib/accounts";
import { get } from "../../lib/api";
import { formatExactCount } from "../../lib/format";
import { Failure } from "../../ui/failure";
import { Notice } from "../../ui/notice";

/** A button that has the server check the whole chain, and what came of it. */
export function useVerification(): { button: ReactNode; result: ReactNode } {
  const verify = useMutation({ mutationFn: () => get<AuditVerdict>("/api/audit/verify") });
  return {
    button: (
      <Button
        variant="default"
        leftSection={<IconShieldCheck size={16} />}
        loading={verify.isPending}
        onClick={() => verify.mutate()}
      >
        Verify the chain
      </Button>
    ),
    result: (
      <>
        {verify.data && <Verdict verdict={verify.data} />}
        {verify.error && <Failure error={verify.error} />}
      </>
    ),
  };
}

function Verdict({ verdict }: { verdict: AuditVerdict }) {
  const checked = `${formatExactCount(verdict.checked)} ${verdict.checked === 1 ? "entry" : "entries"}`;
  if (verdict.ok) {
    return (
      <Notice tone="good" icon={IconShieldCheck} title="The chain is whole">
        {checked} checked: every one is as it was written, and none is missing between them.
      </Notice>
    );
  }
  return (
    <Notice
      tone="bad"
      icon={IconAlertTriangle}
      title={`The chain is broken at entry ${verdict.broken_at ?? "?"}`}
    >
      That entry was changed after it was written, or one before it is missing. {checked} checked.
      Keep a copy of the database as it is and compare it with a backup.
    </Notice>
  );
}
