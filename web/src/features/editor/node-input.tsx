import { Button, SegmentedControl } from "@mantine/core";
import { IconFlask } from "@tabler/icons-react";
import { useState } from "react";
import type { DrawnNode } from "../../lib/document/model";
import { useMay } from "../../lib/session";
import { NodeTrialFacts, NodeTrialView } from "../../ui/trial/node-trial";
import classes from "./editor.module.css";
import { useDocument, useStore } from "./store";
import { isFresh } from "./trial-part";
import type { EditorTrial } from "./use-trial";

type Props = { node: DrawnNode; trial: EditorTrial };

/** The rows that come into a node, of one of its inputs at a time. */
export function NodeInput({ node, trial }: Props) {
  const { sketch } = useDocument(useStore());
  const may = useMay();
  const [chosen, setChosen] = useState("");
  const inputs = sketch.edges
    .filter(({ to }) => to === node.id)
    .flatMap(({ from }) => sketch.nodes.find(({ id }) => id === from) ?? []);
  const input = inputs.find(({ id }) => id === chosen) ?? inputs[0];
  const shown = input && trial.shown.get(input.id);
  return (
    <section className={classes.column} aria-label="Input">
      <h3 className={classes.columnTitle}>Input</h3>
      {inputs.length > 1 && input && (
        <SegmentedControl
          size="xs"
          value={input.id}
          onChange={setChosen}
          data={inputs.map(({ id, name }) => ({ value: id, label: name || id }))}
        />
      )}
      {!input && (
        <p className={classes.hint}>Nothing comes in yet: join a node to this one, or press C.</p>
      )}
      {input && !shown && (
        <div className={classes.hint}>
          <p>
            The rows of <bdi>{input.name || input.id}</bdi> are not known yet.
          </p>
          {may("pipelines.run") && (
            <Button
              size="xs"
              variant="default"
              leftSection={<IconFlask size={15} />}
              loading={trial.until === input.id}
              disabled={trial.running}
              onClick={() => trial.begin(input.id)}
            >
              Run what comes before
            </Button>
          )}
        </div>
      )}
      {input && shown && (
        <>
          <div className={classes.facts}>
            <NodeTrialFacts {...shown.result} />
            {!isFresh(shown.of, sketch, input.id) && <Old />}
          </div>
          <NodeTrialView key={input.id} result={shown.result} sink={false} />
        </>
      )}
    </section>
  );
}

/** That what is shown is from before a change. */
export function Old() {
  return <span className={classes.old}>from before the last changes</span>;
}
