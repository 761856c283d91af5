import { type QueryKey, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { setConnection } from "../lib/connection";
import { keys } from "../lib/queries";
import { openStream } from "../lib/stream";

/** Hints come in bursts when many runs change; lists are asked for at most this often. */
const restMs = 700;

const ran = [keys.health, keys.runs, keys.issues];

/** Keeps runs, issues and pipelines fresh by the server's stream of hints. */
export function useLiveUpdates(): void {
  const client = useQueryClient();
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const old = new Set<QueryKey>();
    const refresh = () => {
      timer = undefined;
      for (const queryKey of old) void client.invalidateQueries({ queryKey });
      old.clear();
    };
    const note = (keys: QueryKey[]) => {
      for (const key of keys) old.add(key);
    };
    let missed = false;
    const close = openStream("/api/events", {
      types: ["run.changed", "issues.changed", "pipelines.changed", "message"],
      onEvent: (_, type) => {
        note(type === "pipelines.changed" ? [keys.pipelines] : ran);
        timer ??= setTimeout(refresh, restMs);
      },
      onState: (state) => {
        setConnection(state);
        if (state === "live" && missed) {
          note([keys.pipelines, ...ran]);
          refresh();
        }
        missed = state === "lost";
      },
    });
    return () => {
      clearTimeout(timer);
      close();
    };
  }, [client]);
}
