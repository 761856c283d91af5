import { IconColumns3 } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { ApiError } from "../../lib/api";
import { formatCount, formatExactCount } from "../../lib/format";
import { type ColumnProfile, type Profile, profileQuery } from "../../lib/history";
import type { NodeRun } from "../../lib/model";
import { EmptyState, ErrorState, LoadingRows } from "../../ui/states";
import { barHeights, missingWords, shortNumber, spreadWords } from "./histogram";
import classes from "./profile.module.css";

/** What the rows of a node look like, column by column. */
export function ProfilePanel({ runId, nodeRun }: { runId: string; nodeRun: NodeRun }) {
  const done = nodeRun.status === "success" || nodeRun.status === "failed";
  const profile = useQuery({ ...profileQuery(runId, nodeRun.node_id), enabled: done });
  const gone = profile.error instanceof ApiError && profile.error.code === "no_rows";
  if (!done || gone) {
    return (
      <EmptyState icon={IconColumns3} title={gone ? "No rows were kept" : "No rows yet"}>
        {gone
          ? "Nothing is left of the rows of this node."
          : "The columns show up here when the node is done."}
      </EmptyState>
    );
  }
  if (profile.isError) {
    return <ErrorState error={profile.error} onRetry={() => void profile.refetch()} />;
  }
  if (!profile.data) return <LoadingRows rows={5} height={26} />;
  return <ProfileTable profile={profile.data} />;
}

function ProfileTable({ profile }: { profile: Profile }) {
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard */}
      <section className={classes.scroller} tabIndex={0} aria-label="Columns">
        <table className={classes.table}>
          <thead>
            <tr>
              <th>Column</th>
              <th>Spread</th>
              <th className={classes.number}>Missing</th>
              <th className={classes.number}>Different, about</th>
              <th>From</th>
              <th>To</th>
              <th className={classes.number}>Mean</th>
            </tr>
          </thead>
          <tbody>
            {profile.columns.map((column) => (
              <ColumnRow key={column.name} column={column} rows={profile.rows} />
            ))}
          </tbody>
        </table>
      </section>
      <p className={classes.foot}>
        {profile.kept
          ? `All ${formatExactCount(profile.rows)} rows`
          : `A sample: the first ${formatExactCount(profile.rows)} rows`}
        {profile.truncated && ", and the first 200 columns"}
      </p>
    </>
  );
}

function ColumnRow({ column, rows }: { column: ColumnProfile; rows: number }) {
  const { name, type, nulls, distinct, min, max, mean } = column;
  return (
    <tr>
      <th scope="row" className={classes.name}>
        <bdi title={name}>{name}</bdi>
        <span className={classes.type}>{type}</span>
      </th>
      <td className={classes.spread}>
        <Spread column={column} rows={rows} />
      </td>
      <td className={classes.number} data-some={nulls > 0}>
        {missingWords(nulls, rows)}
      </td>
      <td className={classes.number}>{formatCount(distinct)}</td>
      <td className={classes.value} title={min} dir="auto">
        {min ?? "–"}
      </td>
      <td className={classes.value} title={max} dir="auto">
        {max ?? "–"}
      </td>
      <td className={classes.number}>{mean === undefined ? "–" : shortNumber(mean)}</td>
    </tr>
  );
}

function Spread({ column, rows }: { column: ColumnProfile; rows: number }) {
  const { histogram, top, min, max } = column;
  if (histogram) {
    const words = spreadWords(histogram, min, max);
    return (
      <span className={classes.bars} role="img" aria-label={words} title={words}>
        {barHeights(histogram).map((height, place) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a stretch is where it is
          <span key={place} style={{ height: `${height}%` }} />
        ))}
      </span>
    );
  }
  if (!top) return <span className={classes.type}>many values</span>;
  return (
    <ul className={classes.top}>
      {top.slice(0, 3).map(({ value, count }) => (
        <li key={value} title={`${value}: ${formatExactCount(count)}`}>
          <span
            className={classes.share}
            style={{ width: `${(100 * count) / Math.max(1, rows)}%` }}
          />
          <bdi>{value === "" ? "(empty)" : value}</bdi>
        </li>
      ))}
    </ul>
  );
}
