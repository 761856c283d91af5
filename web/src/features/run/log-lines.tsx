import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef } from "react";
import { formatClock, formatExact } from "../../lib/format";
import { levelTones } from "../../lib/log-levels";
import type { Json, LogLine } from "../../lib/model";
import classes from "./log.module.css";

type Props = { lines: LogLine[]; names: Map<string, string>; follow: boolean };

/** This near to the end counts as at the end. */
const nearPx = 40;

/** Log lines, of which only those in sight are drawn. While follow, the newest stays in sight until one scrolls up. */
export function LogLines({ lines, names, follow }: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 20,
    overscan: 20,
  });
  const count = lines.length;
  useEffect(() => {
    if (follow && atEnd.current && count > 0) virtual.scrollToIndex(count - 1, { align: "end" });
  }, [follow, count, virtual]);
  const watch = () => {
    const box = scroller.current;
    if (box) atEnd.current = box.scrollHeight - box.scrollTop - box.clientHeight < nearPx;
  };
  return (
    <section
      className={classes.scroller}
      ref={scroller}
      onScroll={watch}
      aria-label="Log lines"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
      tabIndex={0}
    >
      <div className={classes.space} style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((item) => {
          const line = lines[item.index];
          if (!line) return null;
          return (
            <div
              key={item.key}
              ref={virtual.measureElement}
              data-index={item.index}
              className={classes.line}
              style={{ transform: `translateY(${item.start}px)` }}
            >
              <time className={classes.time} title={formatExact(line.timestamp)}>
                {formatClock(line.timestamp)}
              </time>
              <span className={classes.level} data-tone={levelTones[line.level]}>
                {line.level}
              </span>
              <bdi className={classes.node}>{names.get(line.node_id ?? "") ?? line.node_id}</bdi>
              <span className={classes.message} dir="auto">
                {line.message}
                {line.failure?.rows && <Rows {...line.failure.rows} />}
              </span>
            </div>
          );
        })}
      </div>
    </section>
  );
}

/** The rows that a line is about, folded away. */
function Rows({ columns, rows }: { columns: { name: string }[]; rows: Json[][] }) {
  const lines = [columns.map((column) => column.name), ...rows.map((row) => row.map(cellText))];
  return (
    <details>
      <summary>Show the rows</summary>
      <pre>{lines.map((cells) => cells.join(" | ")).join("\n")}</pre>
    </details>
  );
}

function cellText(value: Json): string {
  return value === null ? "null" : String(value);
}
