import { useState } from "react";
import type { Pipeline } from "../../lib/model";
import { type TrialSettings, trialRows, useTrial } from "../../lib/trials";
import { notifyFailed } from "../../ui/notify";
import { TrialDialog } from "../../ui/trial/trial-dialog";

type Asking = { settings: TrialSettings; error?: Error };

/**
 * Trying a pipeline: asks for the rows and the parameters, and asks again, with the reason,
 * when the server refuses. Render `dialog` once.
 */
export function useTry(pipeline: Pipeline, onStart: () => void) {
  const { trial, trying, start, stop, close } = useTrial(pipeline, (error) =>
    notifyFailed(`${pipeline.name} could not be tried`, error),
  );
  const [asking, setAsking] = useState<Asking>();
  const usual = (): TrialSettings =>
    trial?.settings ?? { rows: trialRows.usual, params: pipeline.params ?? {} };

  const begin = (settings: TrialSettings) => {
    setAsking(undefined);
    start(settings, (error) => setAsking({ settings, error }));
    onStart();
  };

  const dialog = asking && (
    <TrialDialog
      pipeline={pipeline}
      settings={asking.settings}
      error={asking.error ?? null}
      onTry={begin}
      onClose={() => setAsking(undefined)}
    />
  );
  return {
    trial,
    trying,
    stop,
    close,
    dialog,
    /** Asks how the whole pipeline is to be tried. */
    ask: () => {
      const { rows, params } = usual();
      setAsking({ settings: { rows, params } });
    },
    /** Tries the same as the last time. */
    again: () => begin(usual()),
    /** Tries a node and what leads to it, else as the last time. */
    upTo: (until: string) => begin({ ...usual(), until }),
  };
}

export type Trying = ReturnType<typeof useTry>;
