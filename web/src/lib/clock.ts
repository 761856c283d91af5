import { useEffect, useState } from "react";

/** The present, asked for again every intervalMs while the tab is in sight; 0 stops the clock. */
export function useNow(intervalMs: number): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (intervalMs === 0) return undefined;
    const look = () => {
      if (!document.hidden) setNow(Date.now());
    };
    look();
    const timer = setInterval(look, intervalMs);
    document.addEventListener("visibilitychange", look);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }, [intervalMs]);
  return now;
}
