import { formatExactCount, formatRows } from "../../lib/format";
import { levelTones } from "../../lib/log-levels";
import type { Problem } from "../../lib/model";
import type { NodeTrial } from "../../lib/trials";
import { DataTable } from "../data-table";
import { StatusBadge } from "../status-badge";
import classes from "./trial.module.css";

/** In a line how the chosen node fared in the trial. */
export function NodeTrialFacts({ status, row_count, pinned }: NodeTrial) {
  return (
    <div className={classes.facts}>
      <StatusBadge status={status} />
      {row_count !== undefined && <span>{formatRows(row_count)}</span>}
      {pinned && <span>as pinned</span>}
    </div>
  );
}

/** What a trial has shown of the chosen node: its error, its rows and its log. */
export function NodeTrialView({ result, sink }: { result: NodeTrial; sink: boolean }) {
  const { error, failure, columns, log } = result;
  return (
    <>
      {error && (
        <div className={classes.error} role="alert" data-tone="bad" dir="auto">
          {error}
          <Places problems={failure?.problems ?? []} />
        </div>
      )}
      {columns.length > 0 && <ResultRows result={result} sink={sink} />}
      {log.length > 0 && <LogLines log={log} />}
    </>
  );
}

/** Where in the settings the failure comes from. */
function Places({ problems }: { problems: Problem[] }) {
  if (problems.length === 0) return null;
  return (
    <ul className={classes.places}>
      {problems.map(({ path, message }) => (
        <li key={`${path} ${message}`}>
          <code>{path}</code> {message}
        </li>
      ))}
    </ul>
  );
}

/** Heights in pixels: of a table's head with its scroll bar, of a row, and the most that is taken. */
const heights = { head: 62, row: 28, most: 300 };

function ResultRows({ result, sink }: { result: NodeTrial; sink: boolean }) {
  const { columns, types, rows, truncated, row_count = 0 } = result;
  const height = Math.min(heights.most, heights.head + rows.length * heights.row);
  const shown = formatExactCount(rows.length);
  return (
    <div>
      <div className={classes.rows} style={{ height }}>
        <DataTable columns={columns} types={types} rows={rows} />
      </div>
      <p className={classes.foot}>
        {truncated
          ? `The first ${shown} of ${formatRows(row_count)}`
          : `All ${formatRows(rows.length)}`}
        {`, ${columns.length} columns`}
        {sink && "; they would be written"}
      </p>
    </div>
  );
}

function LogLines({ log }: { log: NodeTrial["log"] }) {
  const keyed = log.map((line, place) => ({ ...line, key: `line-${place}` }));
  return (
    <section aria-label="Log">
      <h3 className={classes.heading}>Log</h3>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard */}
      <ol className={classes.log} tabIndex={0}>
        {keyed.map(({ key, level, message }) => (
          <li key={key}>
            <span className={classes.level} data-tone={levelTones[level]}>
              {level}
            </span>
            <span className={classes.message} dir="auto">
              {message}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}
