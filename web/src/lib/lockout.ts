import { ApiError } from "./api";
import { useNow } from "./clock";

/** Whether the server takes no more passwords for a while. */
export function isLockout(error: Error | null): error is ApiError {
  return error instanceof ApiError && error.status === 429;
}

/** Seconds until a password may be tried again, counting down; 0 when nothing is locked. */
export function useLockout(error: Error | null, submittedAt: number): number {
  const locked = isLockout(error);
  const now = useNow(locked ? 1_000 : 0);
  if (!locked) return 0;
  return Math.max(0, Math.ceil((submittedAt + error.retryAfter * 1_000 - now) / 1_000));
}

/** A wait in seconds in words: "45 s", "4 min 05 s". */
export function formatWait(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, "0")} s`;
}
