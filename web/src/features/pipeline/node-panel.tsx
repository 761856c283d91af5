import { Button, CloseButton } from "@mantine/core";
import { IconFlask } from "@tabler/icons-react";
import type { NodeType, PipelineNode } from "../../lib/model";
import { useMay } from "../../lib/session";
import { KindIcon, kindColour } from "../../ui/kind-icon";
import { SettingsView } from "../../ui/settings-view";
import { KeptState } from "./kept-state";
import { NodeTrialFacts, NodeTrialView } from "./node-trial";
import classes from "./pipeline.module.css";
import trialClasses from "./trial.module.css";
import type { Trying } from "./use-try";

type Props = {
  pipelineId: string;
  node: PipelineNode;
  kind: NodeType | undefined;
  trying: Trying;
  onClose: () => void;
};

/** What one node is, what a trial has shown of it, how it is set and what it remembers. */
export function NodePanel({ pipelineId, node, kind, trying, onClose }: Props) {
  return (
    <>
      <div className={classes.sideHead} style={{ "--kind": kindColour(kind?.category ?? "") }}>
        <span className={classes.kind}>
          <KindIcon icon={kind?.icon} />
        </span>
        <div className={classes.sideWords}>
          <h2 className={classes.sideTitle}>
            <bdi>{node.name || node.id}</bdi>
          </h2>
          <span className={classes.soft}>{kind?.title ?? node.type}</span>
        </div>
        <CloseButton aria-label="Close the node" onClick={onClose} />
      </div>
      <div className={classes.sideBody}>
        <TrialPart node={node} kind={kind} trying={trying} />
        {kind?.summary && <p className={classes.summary}>{kind.summary}</p>}
        <SettingsView schema={kind?.schema ?? {}} settings={node.config} />
        <KeptState key={node.id} pipelineId={pipelineId} nodeId={node.id} />
      </div>
    </>
  );
}

/** What came out of the node in the trial, and what can be done with it. */
function TrialPart({ node, kind, trying }: Pick<Props, "node" | "kind" | "trying">) {
  const may = useMay();
  const result = trying.trying ? undefined : trying.trial?.results[node.id];
  if (!result && !may("pipelines.run")) return null;
  return (
    <section className={trialClasses.result} aria-label="Trial">
      <div className={trialClasses.top}>
        {result && <NodeTrialFacts {...result} />}
        {may("pipelines.run") && (
          <Button
            size="xs"
            variant="default"
            leftSection={<IconFlask size={15} />}
            loading={trying.trying?.until === node.id}
            disabled={trying.trying !== undefined}
            onClick={() => trying.upTo(node.id)}
          >
            Run to here
          </Button>
        )}
      </div>
      {result && <NodeTrialView key={node.id} result={result} sink={kind?.has_output === false} />}
    </section>
  );
}
