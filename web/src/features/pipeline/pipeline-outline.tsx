import { UnstyledButton } from "@mantine/core";
import type { NodeType, Pipeline } from "../../lib/model";
import { KindIcon, kindColour } from "../../ui/kind-icon";
import classes from "./pipeline.module.css";

type Props = { pipeline: Pipeline; kinds: NodeType[]; onSelect: (id: string) => void };

/** The nodes as a list, for the keyboard and for a quick look, and the parameters. */
export function PipelineOutline({ pipeline, kinds, onSelect }: Props) {
  const params = Object.entries(pipeline.params ?? {});
  return (
    <div className={classes.sideBody}>
      <h2 className={classes.sideTitle}>Nodes</h2>
      <ul className={classes.outline}>
        {pipeline.nodes.map((node) => {
          const kind = kinds.find((one) => one.type === node.type);
          return (
            <li key={node.id} style={{ "--kind": kindColour(kind?.category ?? "") }}>
              <UnstyledButton
                className={classes.outlineItem ?? ""}
                onClick={() => onSelect(node.id)}
              >
                <span className={classes.kindSmall}>
                  <KindIcon type={node.type} icon={kind?.icon} size={15} />
                </span>
                <bdi className={classes.outlineName}>{node.name || node.id}</bdi>
                <span className={classes.soft}>{kind?.title ?? node.type}</span>
              </UnstyledButton>
            </li>
          );
        })}
      </ul>
      {params.length > 0 && (
        <>
          <h2 className={classes.sideTitle}>Parameters</h2>
          <dl className={classes.params}>
            {params.map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>
                  <bdi>{value}</bdi>
                </dd>
              </div>
            ))}
          </dl>
        </>
      )}
    </div>
  );
}
