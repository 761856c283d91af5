import { upstream } from "../../lib/document/legality";
import type { DrawnNode } from "../../lib/document/model";
import { Failure } from "../../ui/failure";
import { NodeTrialFacts, NodeTrialView } from "../../ui/trial/node-trial";
import { Pinned, PinRows } from "../../ui/trial/pinned";
import classes from "./editor.module.css";
import { Old } from "./node-input";
import { useDocument, useStore } from "./store";
import { isFresh } from "./trial-part";
import type { EditorPins } from "./use-pins";
import type { EditorTrial } from "./use-trial";

type Props = {
  pins: EditorPins;
  node: DrawnNode;
  sink: boolean;
  trial: EditorTrial;
};

/** The rows that a node gives, and what can be done with them. */
export function NodeOutput({ pins, node, sink, trial }: Props) {
  const { sketch } = useDocument(useStore());
  const shown = trial.shown.get(node.id);
  const pin = pins.at.get(node.id);
  return (
    <section className={classes.column} aria-label="Output" aria-busy={trial.until === node.id}>
      <h3 className={classes.columnTitle}>{sink ? "What would be written" : "Output"}</h3>
      {trial.running && (
        <p className={classes.hint} role="status">
          Running…
        </p>
      )}
      {!trial.running && <Refused trial={trial} />}
      {shown ? (
        <div className={classes.facts}>
          <NodeTrialFacts {...shown.result} />
          {!isFresh(shown.of, sketch, node.id) && <Old />}
          <span className={classes.grow} />
          {!pin && !sink && (
            <PinRows key={node.id} place={pins.place(node.id)} result={shown.result} />
          )}
        </div>
      ) : (
        <p className={classes.hint}>
          Run to here shows the rows that come out, without writing anything.
        </p>
      )}
      {shown?.result.status === "skipped" && <Culprit node={node} trial={trial} />}
      {pin && (
        <Pinned
          key={`pin-${node.id}`}
          place={pins.place(node.id)}
          name={node.name || node.id}
          pin={pin}
        />
      )}
      {shown && <NodeTrialView key={node.id} result={shown.result} sink={sink} />}
    </section>
  );
}

/** Which node before a skipped one has failed, and why. */
function Culprit({ node, trial }: Pick<Props, "node" | "trial">) {
  const { sketch } = useDocument(useStore());
  const before = upstream(sketch, node.id);
  const failed = sketch.nodes.find(
    ({ id }) => before.has(id) && trial.shown.get(id)?.result.status === "failed",
  );
  if (!failed) return null;
  return (
    <div className={classes.refused} data-tone="bad" role="alert" dir="auto">
      <bdi>{failed.name || failed.id}</bdi> failed before it:{" "}
      {trial.shown.get(failed.id)?.result.error}
    </div>
  );
}

/** Why a trial was refused as a whole. */
function Refused({ trial: { error, refused } }: { trial: EditorTrial }) {
  if (!error) return null;
  if (refused.length === 0) return <Failure error={error} />;
  return (
    <div className={classes.refused} data-tone="bad" role="alert">
      It cannot be tried as it is:
      <ul>
        {refused.map(({ path, message }) => (
          <li key={`${path} ${message}`}>
            <code>{path}</code> {message}
          </li>
        ))}
      </ul>
    </div>
  );
}
