import { useVirtualizer } from "@tanstack/react-virtual";
import { useRef } from "react";
import type { Json } from "../lib/model";
import { cellText, isNumeric } from "./cells";
import classes from "./data-table.module.css";

type Row = Record<string, Json>;

type Props = { columns: string[]; types: { name: string; type: string }[]; rows: Row[] };

const rowHeight = 28;

/** Rows of data under the name and type of each column; only the rows in sight are drawn. */
export function DataTable({ columns, types, rows }: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 12,
  });
  const typeOf = new Map(types.map(({ name, type }) => [name, type]));
  const items = virtual.getVirtualItems();
  const above = items[0]?.start ?? 0;
  const below = virtual.getTotalSize() - (items.at(-1)?.end ?? 0);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
    <section className={classes.scroller} ref={scroller} tabIndex={0} aria-label="Rows">
      <table className={classes.table} aria-rowcount={rows.length}>
        <thead>
          <tr>
            <th className={classes.ordinal} aria-label="Row" />
            {columns.map((column) => (
              <th key={column} data-numeric={isNumeric(typeOf.get(column))}>
                <bdi>{column}</bdi>
                <span className={classes.type}>{typeOf.get(column)}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <Spacer height={above} columns={columns.length + 1} />
          {items.map((item) => (
            <DataRow
              key={item.key}
              place={item.index}
              row={rows[item.index] ?? {}}
              columns={columns}
              typeOf={typeOf}
            />
          ))}
          <Spacer height={below} columns={columns.length + 1} />
        </tbody>
      </table>
    </section>
  );
}

type RowProps = { place: number; row: Row; columns: string[]; typeOf: Map<string, string> };

function DataRow({ place, row, columns, typeOf }: RowProps) {
  return (
    <tr aria-rowindex={place + 1}>
      <td className={classes.ordinal}>{place + 1}</td>
      {columns.map((column) => {
        const value = row[column] ?? null;
        const text = cellText(value);
        return (
          <td key={column} data-numeric={isNumeric(typeOf.get(column))} title={text} dir="auto">
            {value === null ? <span className={classes.none}>null</span> : text}
          </td>
        );
      })}
    </tr>
  );
}

function Spacer({ height, columns }: { height: number; columns: number }) {
  if (height <= 0) return null;
  return (
    <tr>
      <td colSpan={columns} style={{ height, padding: 0, border: 0 }} />
    </tr>
  );
}
