import { CloseButton } from "@mantine/core";
import type { NodeType, PipelineNode } from "../../lib/model";
import { KindIcon, kindColour } from "../../ui/kind-icon";
import { SettingsView } from "../../ui/settings-view";
import { KeptState } from "./kept-state";
import classes from "./pipeline.module.css";

type Props = {
  pipelineId: string;
  node: PipelineNode;
  kind: NodeType | undefined;
  onClose: () => void;
};

/** What one node is, how it is set and what it remembers. */
export function NodePanel({ pipelineId, node, kind, onClose }: Props) {
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
        {kind?.summary && <p className={classes.summary}>{kind.summary}</p>}
        <SettingsView schema={kind?.schema ?? {}} settings={node.config} />
        <KeptState key={node.id} pipelineId={pipelineId} nodeId={node.id} />
      </div>
    </>
  );
}
