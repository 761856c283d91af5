import { Switch } from "@mantine/core";
import { IconArrowsDiff, IconArrowsExchange } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { elapsedMs, formatDuration, formatExactCount, shortId } from "../../lib/format";
import { columnsQuery } from "../../lib/history";
import type { NodeRun, RunDetail } from "../../lib/model";
import { runQuery } from "../../lib/queries";
import { LinkButton, TextLink } from "../../ui/links";
import { Page, PageHeader, Panel } from "../../ui/page";
import { RelativeTime } from "../../ui/relative-time";
import { EmptyState, ErrorState, LoadingRows } from "../../ui/states";
import { StatusBadge } from "../../ui/status-badge";
import { StatusIcon } from "../../ui/status-icon";
import { type ColumnChange, changeWords, type NodePair, pairNodes } from "./compare";
import classes from "./compare.module.css";

const route = getRouteApi("/shell/runs/compare");

/** Two runs beside each other: rows, time and columns of every node. */
export function ComparePage() {
  const { a, b } = route.useSearch();
  if (!a || !b) {
    return (
      <Page title="Compare runs">
        <PageHeader title="Compare runs" />
        <Panel>
          <EmptyState
            icon={IconArrowsDiff}
            title="Two runs are needed"
            action={<LinkButton to="/runs">Choose two runs</LinkButton>}
          >
            Tick two runs in the list, or open a run and press Compare.
          </EmptyState>
        </Panel>
      </Page>
    );
  }
  return <Comparison a={a} b={b} />;
}

function Comparison({ a, b }: { a: string; b: string }) {
  const queries = [
    useQuery(runQuery(a)),
    useQuery(runQuery(b)),
    useQuery(columnsQuery(a)),
    useQuery(columnsQuery(b)),
  ] as const;
  const [runA, runB, columnsA, columnsB] = queries;
  const broken = queries.find((query) => query.isError);
  const all = runA.data && runB.data && columnsA.data && columnsB.data;
  return (
    <Page title="Compare runs">
      <PageHeader
        title="Compare runs"
        facts="Rows, time and columns of every node, in the first run and in the second"
        actions={
          <LinkButton
            to="/runs/compare"
            search={{ a: b, b: a }}
            variant="default"
            leftSection={<IconArrowsExchange size={16} />}
          >
            Swap
          </LinkButton>
        }
      />
      {broken?.error && (
        <Panel>
          <ErrorState error={broken.error} onRetry={() => void broken.refetch()} />
        </Panel>
      )}
      {!broken && !all && (
        <Panel>
          <LoadingRows rows={8} height={26} />
        </Panel>
      )}
      {!broken && all && (
        <Both
          a={{ run: runA.data, columns: columnsA.data }}
          b={{ run: runB.data, columns: columnsB.data }}
        />
      )}
    </Page>
  );
}

type Side = Parameters<typeof pairNodes>[0];

function Both({ a, b }: { a: Side; b: Side }) {
  const { only } = route.useSearch();
  const navigate = route.useNavigate();
  const pairs = pairNodes(a, b);
  const changed = pairs.filter((pair) => pair.changed);
  const shown = only ? changed : pairs;
  return (
    <>
      <div className={classes.heads}>
        <Head name="First" run={a.run} />
        <Head name="Second" run={b.run} against={a.run} />
      </div>
      <Panel
        title={
          changed.length === 0 ? "No node differs" : `${changed.length} of ${pairs.length} differ`
        }
        aside={
          <Switch
            size="xs"
            label="Only what differs"
            checked={only !== undefined}
            onChange={(event) => {
              const wanted = event.currentTarget.checked;
              void navigate({
                replace: true,
                search: ({ only: _, ...old }) => (wanted ? { ...old, only: "changed" } : old),
              });
            }}
          />
        }
      >
        {shown.length === 0 ? (
          <EmptyState icon={IconArrowsDiff} title="Nothing differs">
            Every node has the same status, as many rows and the same columns in both runs.
          </EmptyState>
        ) : (
          <PairTable pairs={shown} a={a.run.id} b={b.run.id} />
        )}
      </Panel>
    </>
  );
}

function Head({ name, run, against }: { name: string; run: RunDetail; against?: RunDetail }) {
  const took = elapsedMs(run, Date.now());
  const before = against && elapsedMs(against, Date.now());
  const change = took && before ? changeWords(before, took) : "";
  return (
    <section className={classes.head} aria-label={`${name} run`}>
      <span className={classes.side}>{name}</span>
      <TextLink to="/runs/$runId" params={{ runId: run.id }} fw={650}>
        <bdi>{run.pipeline_name}</bdi> {shortId(run.id)}
      </TextLink>
      <span className={classes.facts}>
        <StatusBadge status={run.status} />
        <span>
          {took === undefined ? "did not start" : formatDuration(took)} {change && `(${change})`}
        </span>
        <RelativeTime at={run.started_at ?? run.created_at} />
        <span>version {run.pipeline_version}</span>
      </span>
      {run.error && (
        <span className={classes.error} dir="auto">
          {run.error}
        </span>
      )}
    </section>
  );
}

function PairTable({ pairs, a, b }: { pairs: NodePair[]; a: string; b: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
    <section className={classes.scroller} tabIndex={0} aria-label="Nodes">
      <table className={classes.table}>
        <thead>
          <tr>
            <th>Node</th>
            <th className={classes.number}>Rows, first</th>
            <th className={classes.number}>Rows, second</th>
            <th className={classes.number}>Time, first</th>
            <th className={classes.number}>Time, second</th>
            <th>Columns</th>
          </tr>
        </thead>
        <tbody>
          {pairs.map((pair) => (
            <PairRow key={pair.id} pair={pair} a={a} b={b} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function PairRow({ pair, a, b }: { pair: NodePair; a: string; b: string }) {
  const [one, two] = [pair.a, pair.b];
  const rows = one && two ? changeWords(one.row_count, two.row_count) : "";
  const time = one && two ? changeWords(one.duration_ms, two.duration_ms) : "";
  return (
    <tr data-changed={pair.changed}>
      <th scope="row">
        <TextLink
          to="/runs/$runId"
          params={{ runId: two ? b : a }}
          search={{ node: pair.id }}
          c="inherit"
          fw={600}
        >
          <bdi>{pair.name}</bdi>
        </TextLink>
      </th>
      <Rows nodeRun={one} />
      <Rows nodeRun={two} change={rows} />
      <Time nodeRun={one} />
      <Time nodeRun={two} change={time} />
      <td>
        <Columns changes={pair.columns} known={one !== undefined && two !== undefined} />
      </td>
    </tr>
  );
}

function Rows({ nodeRun, change }: { nodeRun: NodeRun | undefined; change?: string }) {
  return (
    <td className={classes.number}>
      {nodeRun ? (
        <span className={classes.withIcon}>
          <StatusIcon status={nodeRun.status} size={14} />
          {formatExactCount(nodeRun.row_count)}
        </span>
      ) : (
        "–"
      )}
      {change && <span className={classes.change}>{change}</span>}
    </td>
  );
}

function Time({ nodeRun, change }: { nodeRun: NodeRun | undefined; change?: string }) {
  return (
    <td className={classes.number}>
      {nodeRun?.started_at ? formatDuration(nodeRun.duration_ms) : "–"}
      {change && <span className={classes.change}>{change}</span>}
    </td>
  );
}

const signs = { added: "+", removed: "−", changed: "≠" };

type ColumnsProps = { changes: ColumnChange[] | undefined; known: boolean };

function Columns({ changes, known }: ColumnsProps) {
  if (!changes) return <span className={classes.soft}>{known ? "not kept" : "–"}</span>;
  if (changes.length === 0) return <span className={classes.soft}>the same</span>;
  return (
    <ul className={classes.columns}>
      {changes.map(({ name, what, before, after }) => (
        <li key={name} data-what={what}>
          <span aria-hidden="true">{signs[what]}</span> <bdi>{name}</bdi>{" "}
          <span className={classes.soft}>
            {what === "changed" ? `${before} became ${after}` : `${what}, ${after ?? before}`}
          </span>
        </li>
      ))}
    </ul>
  );
}
