import { inWorkspace, selectedWorkspace } from "./workspace";

/** How a live stream stands: not yet open, open, or broken and being tried again. */
export type StreamState = "connecting" | "live" | "lost";

type Handlers = {
  /** Names of the events to hear. */
  types: readonly string[];
  onEvent: (data: string, type: string) => void;
  onState: (state: StreamState) => void;
};

const firstRetryMs = 2_000;
const longestRetryMs = 30_000;

/** A tab that is out of sight for this long lets go of its streams; looking away for a moment costs nothing. */
const hiddenMs = 20_000;

/**
 * Opens a stream of server-sent events and keeps it open; call the result to close it.
 * A broken connection is resumed by the browser. A refused one is not, so it is opened anew here,
 * behind the last event that was heard. While nobody sees the tab the stream is "lost".
 */
export function openStream(url: string, handlers: Handlers): () => void {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let retryMs = firstRetryMs;
  let last = "";

  const open = () => {
    clearTimeout(timer);
    const stream = new EventSource(inWorkspace(behind(url, last), selectedWorkspace()));
    source = stream;
    stream.onopen = () => {
      retryMs = firstRetryMs;
      handlers.onState("live");
    };
    stream.onerror = () => {
      handlers.onState("lost");
      if (stream.readyState !== EventSource.CLOSED) return;
      timer = setTimeout(open, retryMs);
      retryMs = Math.min(retryMs * 2, longestRetryMs);
    };
    for (const type of handlers.types) {
      stream.addEventListener(type, (event) => {
        last = event.lastEventId || last;
        handlers.onEvent(String(event.data), type);
      });
    }
  };
  const close = () => {
    clearTimeout(timer);
    source?.close();
    source = undefined;
  };
  const rest = () => {
    close();
    handlers.onState("lost");
  };
  const look = () => {
    if (!document.hidden && !source) open();
    else if (document.hidden && source) timer = setTimeout(rest, hiddenMs);
    else if (source?.readyState !== EventSource.CLOSED) clearTimeout(timer);
  };

  handlers.onState("connecting");
  if (!document.hidden) open();
  document.addEventListener("visibilitychange", look);
  return () => {
    document.removeEventListener("visibilitychange", look);
    close();
  };
}

/** The stream from behind an event on, where one was heard. */
function behind(url: string, last: string): string {
  return last ? `${url}${url.includes("?") ? "&" : "?"}after=${encodeURIComponent(last)}` : url;
}
