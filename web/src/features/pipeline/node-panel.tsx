import { Button, CloseButton } from "@mantine/core";
import { IconFlask } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { NodeType, PipelineNode } from "../../lib/model";
import { useMay } from "../../lib/session";
import { onServer, pinsQuery } from "../../lib/trials";
import { KindIcon, kindColour } from "../../ui/kind-icon";
import { SettingsView } from "../../ui/settings-view";
import { NodeTrialFacts, NodeTrialView } from "../../ui/trial/node-trial";
import { Pinned, PinRows } from "../../ui/trial/pinned";
import trialClasses from "../../ui/trial/trial.module.css";
import { KeptState } from "./kept-state";
import classes from "./pipeline.module.css";
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
        <TrialPart pipelineId={pipelineId} node={node} kind={kind} trying={trying} />
        {kind?.summary && <p className={classes.summary}>{kind.summary}</p>}
        <SettingsView schema={kind?.schema ?? {}} settings={node.config} />
        <KeptState key={node.id} pipelineId={pipelineId} nodeId={node.id} />
      </div>
    </>
  );
}

/** What came out of the node in the trial, and what can be done with it. */
function TrialPart({ pipelineId, node, kind, trying }: Omit<Props, "onClose">) {
  const may = useMay();
  const pins = useQuery(pinsQuery(pipelineId));
  const pin = pins.data?.find(({ node_id }) => node_id === node.id);
  const sink = kind?.has_output === false;
  const result = trying.trying ? undefined : trying.trial?.results[node.id];
  if (!result && !pin && !may("pipelines.run")) return null;
  return (
    <section className={trialClasses.result} aria-label="Trial">
      <div className={trialClasses.top}>
        {result && <NodeTrialFacts {...result} />}
        <div className={trialClasses.actions}>
          {result && !pin && !sink && (
            <PinRows key={node.id} place={onServer(pipelineId, node.id)} result={result} />
          )}
          {may("pipelines.run") && <RunToHere nodeId={node.id} trying={trying} />}
        </div>
      </div>
      {pin && (
        <Pinned
          key={`pin-${node.id}`}
          place={onServer(pipelineId, node.id)}
          name={node.name || node.id}
          pin={pin}
        />
      )}
      {result && <NodeTrialView key={node.id} result={result} sink={sink} />}
    </section>
  );
}

function RunToHere({ nodeId, trying }: { nodeId: string; trying: Trying }) {
  return (
    <Button
      size="xs"
      variant="default"
      leftSection={<IconFlask size={15} />}
      loading={trying.trying?.until === nodeId}
      disabled={trying.trying !== undefined}
      onClick={() => trying.upTo(nodeId)}
    >
      Run to here
    </Button>
  );
}
