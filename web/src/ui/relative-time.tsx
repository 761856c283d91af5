import { useNow } from "../lib/clock";
import { formatExact, formatRelative } from "../lib/format";

/** How long ago something was, kept up to date; the exact moment shows on hover. */
export function RelativeTime({ at }: { at: string | null | undefined }) {
  const now = useNow(10_000);
  if (!at) return <span>–</span>;
  return (
    <time dateTime={at} title={formatExact(at)}>
      {formatRelative(at, now)}
    </time>
  );
}
