import { TextInput } from "@mantine/core";
import { IconSearch, IconTimeline } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useMemo } from "react";
import { type Asset, type Lineage, lineageQuery, reach } from "../../lib/lineage";
import type { NodeType } from "../../lib/model";
import { nodeTypesQuery } from "../../lib/queries";
import { LazyCanvas } from "../../ui/canvas/lazy-canvas";
import { LinkButton } from "../../ui/links";
import { Page, PageHeader } from "../../ui/page";
import { EmptyState, ErrorState, LoadingRows } from "../../ui/states";
import { AssetPanel } from "./asset-panel";
import classes from "./lineage.module.css";

const route = getRouteApi("/shell/lineage");

/** Which files, tables and addresses become which others, over all pipelines. */
export function LineagePage() {
  const lineage = useQuery(lineageQuery);
  return (
    <Page title="Lineage" fill>
      <PageHeader
        title="Lineage"
        facts={
          <span>
            What pipelines read and write, as their documents say.
            {lineage.data?.truncated && " The newest 500 pipelines are shown."}
          </span>
        }
      />
      {lineage.isPending && <LoadingRows />}
      {lineage.isError && (
        <ErrorState error={lineage.error} onRetry={() => void lineage.refetch()} />
      )}
      {lineage.data?.nodes.length === 0 && (
        <EmptyState
          icon={IconTimeline}
          title="No pipeline reads or writes anything yet"
          action={<LinkButton to="/pipelines">Pipelines</LinkButton>}
        >
          Files, tables and addresses show up here when a pipeline names them.
        </EmptyState>
      )}
      {lineage.data && lineage.data.nodes.length > 0 && <Drawn lineage={lineage.data} />}
    </Page>
  );
}

function Drawn({ lineage }: { lineage: Lineage }) {
  const { asset, q = "" } = route.useSearch();
  const navigate = route.useNavigate();
  const { data: kinds = [] } = useQuery(nodeTypesQuery);
  const chosen = lineage.nodes.find(({ id }) => id === asset);
  const graph = useMemo(() => graphOf(lineage), [lineage]);
  const allKinds = useMemo(() => [...assetKinds, ...kinds], [kinds]);
  const found = useMemo(() => find(lineage.nodes, q), [lineage.nodes, q]);
  const lit = useMemo(() => {
    if (chosen) {
      const { id } = chosen;
      const flows = lineage.edges;
      return new Set([id, ...reach(flows, id, "up"), ...reach(flows, id, "down")]);
    }
    return q ? new Set(found.map(({ id }) => id)) : undefined;
  }, [lineage.edges, chosen, found, q]);
  const choose = (id: string | undefined) =>
    void navigate({ search: ({ asset: _, ...rest }) => ({ ...rest, ...(id && { asset: id }) }) });
  return (
    <div className={classes.parts}>
      <div className={classes.canvas}>
        <LazyCanvas
          graph={graph}
          kinds={allKinds}
          onSelect={choose}
          {...(lit && { lit })}
          {...(chosen && { selected: chosen.id })}
        />
      </div>
      <aside className={classes.side} aria-label="Assets">
        <TextInput
          size="xs"
          aria-label="Search assets"
          placeholder="Search"
          leftSection={<IconSearch size={15} />}
          value={q}
          onChange={({ currentTarget: { value } }) =>
            void navigate({
              search: ({ q: _, asset: __, ...rest }) => ({ ...rest, ...(value && { q: value }) }),
              replace: true,
            })
          }
        />
        {chosen ? (
          <AssetPanel asset={chosen} lineage={lineage} onChoose={choose} />
        ) : (
          <Found assets={found} onChoose={choose} />
        )}
      </aside>
    </div>
  );
}

type FoundProps = { assets: Asset[]; onChoose: (id: string) => void };

function Found({ assets, onChoose }: FoundProps) {
  if (assets.length === 0) return <p className={classes.hint}>Nothing has that name.</p>;
  return (
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
  );
}

/** The assets that have the words in their name; nodes in between only when looked for. */
function find(assets: Asset[], words: string): Asset[] {
  const wanted = words.trim().toLowerCase();
  if (wanted === "") return assets.filter(({ type }) => type !== "processing");
  return assets.filter(({ id, name, pipeline }) =>
    `${id} ${name} ${pipeline ?? ""}`.toLowerCase().includes(wanted),
  );
}

/** The graph as the canvas draws it: one edge between two assets, however many pipelines make it. */
function graphOf({ nodes, edges }: Lineage) {
  const single = new Map(edges.map(({ from, to }) => [JSON.stringify([from, to]), { from, to }]));
  return {
    nodes: nodes.map(({ id, name, type, sub_type }) => ({
      id,
      name,
      type: type === "processing" ? (sub_type ?? type) : `asset:${type}`,
    })),
    edges: [...single.values()],
  };
}

const assetKinds: NodeType[] = [
  kindOf("file", "File", "file-input"),
  kindOf("table", "Table", "database"),
  kindOf("api", "Address", "api"),
];

function kindOf(type: Asset["type"], title: string, icon: string): NodeType {
  return {
    type: `asset:${type}`,
    title,
    summary: "",
    category: "source",
    icon,
    min_inputs: 0,
    max_inputs: -1,
    has_output: true,
    schema: {},
  };
}
