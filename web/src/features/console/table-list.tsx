import { IconChevronRight } from "@tabler/icons-react";
import { beforeAlias, type RunTable } from "../../lib/console";
import { formatRows } from "../../lib/format";
import classes from "./console.module.css";

type Props = { tables: RunTable[]; before: boolean; onPick: (table: string) => void };

/** The tables of a run: their columns unfold, and a click on one asks for its rows. */
export function TableList({ tables, before, onPick }: Props) {
  return (
    <ul className={classes.tables}>
      {tables.map((one) => {
        const name = before ? `${beforeAlias}_${one.table}` : one.table;
        return (
          <li key={name}>
            <details>
              <summary aria-label={`Columns of ${name}`}>
                <IconChevronRight size={14} aria-hidden="true" />
              </summary>
              <Columns columns={one.columns} />
            </details>
            <button type="button" onClick={() => onPick(name)} title={`Rows of ${one.node_name}`}>
              <bdi>{name}</bdi>
              <span data-kept={one.kept}>{extentOf(one)}</span>
            </button>
          </li>
        );
      })}
    </ul>
  );
}

function extentOf({ kept, rows }: RunTable): string {
  if (!kept) return "sample";
  return rows === null ? "kept" : formatRows(rows);
}

function Columns({ columns }: Pick<RunTable, "columns">) {
  return (
    <dl className={classes.columns}>
      {columns.map(({ name, type }) => (
        <div key={name}>
          <dt>
            <bdi>{name}</bdi>
          </dt>
          <dd>{type}</dd>
        </div>
      ))}
    </dl>
  );
}
