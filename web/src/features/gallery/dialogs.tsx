import { Button, Text } from "@mantine/core";
import { type ReactNode, useState } from "react";
import type { Resolution } from "../../lib/commands";
import { onServer } from "../../lib/trials";
import { ConfirmDialog } from "../../ui/confirm-dialog";
import { DeletePipeline } from "../../ui/delete-pipeline";
import { DependentsChoice } from "../../ui/dependents-choice";
import { FirstSteps } from "../../ui/first-steps/first-steps";
import { PipelineMenu } from "../../ui/pipeline-menu";
import { useRunLauncher } from "../../ui/run-launcher";
import { NodeTrialFacts, NodeTrialView } from "../../ui/trial/node-trial";
import { PinDialog } from "../../ui/trial/pin-dialog";
import { Pinned, PinRows } from "../../ui/trial/pinned";
import { TrialDialog } from "../../ui/trial/trial-dialog";
import classes from "./gallery.module.css";
import { Part, State } from "./part";
import { document, longName, pin, refused, trials } from "./things";

const place = onServer(document.id, pin.node_id);

/** What opens above a page. */
export function Dialogs() {
  const { launch, dialog } = useRunLauncher();
  const [choice, setChoice] = useState<Resolution>("decouple");
  const settings = { rows: 100, params: { day: "2026-03-01" } };
  return (
    <>
      <Part title="Dialogs">
        <div className={classes.line}>
          <Opened label="Ask" show={(close) => <Ask close={close} />} />
          <Opened label="Ask before it is gone" show={(close) => <Ask close={close} danger />} />
          <Opened label="It did not work" show={(close) => <Ask close={close} danger wrong />} />
          <Opened
            label="Delete a pipeline"
            show={(close) => <DeletePipeline id="p" name={longName} opened onClose={close} />}
          />
          <Button variant="default" onClick={() => void launch(document.id)}>
            Run
          </Button>
          <Opened
            label="Try"
            show={(close) => (
              <TrialDialog
                pipeline={document}
                settings={settings}
                error={null}
                onTry={close}
                onClose={close}
              />
            )}
          />
          <Opened
            label="Pin rows"
            show={(close) => <PinDialog place={place} name="Orders" pin={pin} onClose={close} />}
          />
          <PipelineMenu id="p" name={document.name} />
        </div>
        {dialog}
      </Part>
      <Part title="What becomes of pipelines that depend on one">
        <DependentsChoice id={document.id} canEdit value={choice} onChange={setChoice} />
      </Part>
    </>
  );
}

type AskProps = { close: () => void; danger?: boolean; wrong?: boolean };

function Ask({ close, danger = false, wrong = false }: AskProps) {
  return (
    <ConfirmDialog
      opened
      title={danger ? "Delete this pool?" : "End all other sessions?"}
      confirmLabel={danger ? "Delete" : "End them"}
      danger={danger}
      pending={false}
      error={wrong ? refused : null}
      onConfirm={close}
      onClose={close}
    >
      <Text>What will be gone or changed stands here.</Text>
    </ConfirmDialog>
  );
}

function Opened({ label, show }: { label: string; show: (close: () => void) => ReactNode }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button variant="default" onClick={() => setOpen(true)}>
        {label}
      </Button>
      {open && show(() => setOpen(false))}
    </>
  );
}

/** What trials show of a node, and what someone who is new here is shown. */
export function Trials() {
  return (
    <>
      {trials.map((result) => (
        <Part key={result.status} title={`Tried: ${result.status}`}>
          <NodeTrialFacts {...result} />
          <NodeTrialView result={result} sink={result.status === "success"} />
          <PinRows place={place} result={result} />
        </Part>
      ))}
      <Part title="Pinned rows">
        <State name="By somebody">
          <Pinned place={place} name="Orders" pin={pin} />
        </State>
      </Part>
      <FirstSteps />
    </>
  );
}
