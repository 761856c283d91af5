import { IconAlertTriangle, IconCircleCheck } from "@tabler/icons-react";
import type { ConnectionTrial } from "../../lib/connections";
import { Notice } from "../../ui/notice";

/** How a test went, in the words of the server. */
export function TrialResult({ trial }: { trial: ConnectionTrial }) {
  const { success, message, error, duration_ms } = trial;
  return (
    <div role="status">
      {success ? (
        <Notice tone="good" icon={IconCircleCheck} title={message ?? "It can be reached."}>
          In {duration_ms} ms.
        </Notice>
      ) : (
        <Notice tone="bad" icon={IconAlertTriangle} title="It cannot be used">
          {error}
        </Notice>
      )}
    </div>
  );
}
