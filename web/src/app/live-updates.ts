import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { setConnection } from "../lib/connection";
import { keys } from "../lib/queries";
import { openStream } from "../lib/stream";

/** Hints come in bursts when many runs change; lists are asked for at most this often. */
const restMs = 700;

/** Keeps lists of runs, issues and pipelines fresh by the server's stream of hints. */
export function useLiveUpdates(): void {
  const client = useQueryClient();
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const refresh = () => {
      timer = undefined;
      void client.invalidateQueries({ queryKey: keys.health });
      void client.invalidateQueries({ queryKey: keys.runs });
      void client.invalidateQueries({ queryKey: keys.issues });
    };
    let missed = false;
    const close = openStream("/api/events", {
      types: ["run.changed", "issues.changed", "message"],
      onEvent: () => {
        timer ??= setTimeout(refresh, restMs);
      },
      onState: (state) => {
        setConnection(state);
        if (state === "live" && missed) refresh();
        missed = state === "lost";
      },
    });
    return () => {
      clearTimeout(timer);
      close();
    };
  }, [client]);
}
