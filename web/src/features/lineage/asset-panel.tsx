import { Button } from "@mantine/core";
import { IconArrowLeft } from "@tabler/icons-react";
import { type Asset, type Lineage, reach } from "../../lib/lineage";
import { TextLink } from "../../ui/links";
import classes from "./lineage.module.css";

type Props = {
  asset: Asset;
  lineage: Lineage;
  onChoose: (id: string | undefined) => void;
};

/** One asset: the pipelines that have to do with it, what it is made of and what is made of it. */
export function AssetPanel({ asset, lineage, onChoose }: Props) {
  const { nodes, edges } = lineage;
  const up = reach(edges, asset.id, "up");
  const down = reach(edges, asset.id, "down");
  const assets = nodes.filter(({ type }) => type !== "processing");
  return (
    <div>
      <Button
        size="compact-xs"
        variant="subtle"
        leftSection={<IconArrowLeft size={14} />}
        onClick={() => onChoose(undefined)}
      >
        All assets
      </Button>
      <h2 className={classes.name}>
        <bdi>{asset.name}</bdi>
      </h2>
      <p className={classes.hint}>
        <bdi>{asset.id}</bdi>
      </p>
      <Pipelines title="Written by" flows={edges.filter(({ to }) => to === asset.id)} />
      <Pipelines title="Read by" flows={edges.filter(({ from }) => from === asset.id)} />
      <Others title="Upstream" assets={assets.filter(({ id }) => up.has(id))} onChoose={onChoose} />
      <Others
        title="Downstream"
        assets={assets.filter(({ id }) => down.has(id))}
        onChoose={onChoose}
      />
    </div>
  );
}

function Pipelines({ title, flows }: { title: string; flows: Lineage["edges"] }) {
  const byId = new Map(flows.map(({ pipeline_id, pipeline }) => [pipeline_id, pipeline]));
  if (byId.size === 0) return null;
  return (
    <section>
      <h3>{title}</h3>
      <ul className={classes.list}>
        {[...byId].map(([id, name]) => (
          <li key={id}>
            <TextLink to="/pipelines/$pipelineId" params={{ pipelineId: id }} fz="sm">
              <bdi>{name}</bdi>
            </TextLink>
          </li>
        ))}
      </ul>
    </section>
  );
}

type OthersProps = { title: string; assets: Asset[]; onChoose: (id: string) => void };

function Others({ title, assets, onChoose }: OthersProps) {
  return (
    <section>
      <h3>{title}</h3>
      {assets.length === 0 && <p className={classes.hint}>Nothing</p>}
      <ul className={classes.list}>
        {assets.map(({ id, name, type }) => (
          <li key={id}>
            <button type="button" onClick={() => onChoose(id)} title={id}>
              <bdi>{name}</bdi>
              <span>{type}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
