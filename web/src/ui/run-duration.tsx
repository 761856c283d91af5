import { useNow } from "../lib/clock";
import { elapsedMs, formatDuration } from "../lib/format";
import type { Run } from "../lib/model";
import { isActive } from "../lib/status";

/** How long a run took; counts on while it runs. */
export function RunDuration({ run }: { run: Pick<Run, "status" | "started_at" | "finished_at"> }) {
  const now = useNow(isActive(run.status) && run.started_at ? 1_000 : 0);
  const elapsed = elapsedMs(run, now);
  return <span>{elapsed === undefined ? "–" : formatDuration(elapsed)}</span>;
}
