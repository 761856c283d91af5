import { inWorkspace, selectedWorkspace } from "./workspace";

/** How a live stream stands: not yet open, open, or broken and being tried again. */
export type StreamState = "connecting" | "live" | "lost";

type Handlers = {
  /** Names of the events to hear. */
  types: readonly string[];
  onEvent: (data: string) => void;
  onState: (state: StreamState) => void;
};

const firstRetryMs = 2_000;
const longestRetryMs = 30_000;

/**
 * Opens a stream of server-sent events and keeps it open; call the result to close it.
 * A broken connection is resumed by the browser. A refused one is not, so it is opened anew here.
 */
export function openStream(url: string, handlers: Handlers): () => void {
  let source: EventSource;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let retryMs = firstRetryMs;

  const open = () => {
    source = new EventSource(inWorkspace(url, selectedWorkspace()));
    source.onopen = () => {
      retryMs = firstRetryMs;
      handlers.onState("live");
    };
    source.onerror = () => {
      handlers.onState("lost");
      if (source.readyState !== EventSource.CLOSED) return;
      timer = setTimeout(open, retryMs);
      retryMs = Math.min(retryMs * 2, longestRetryMs);
    };
    for (const type of handlers.types) {
      source.addEventListener(type, (event) => handlers.onEvent(String(event.data)));
    }
  };

  handlers.onState("connecting");
  open();
  return () => {
    clearTimeout(timer);
    source.close();
  };
}
