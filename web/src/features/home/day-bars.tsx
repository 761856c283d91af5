import { Skeleton } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { Day } from "../../lib/history";
import { LinkButton } from "../../ui/links";
import { Panel } from "../../ui/page";
import classes from "./home.module.css";
import { barParts, dayWords } from "./today";

/** The runs of the last fourteen days as bars; each opens its day. */
export function DayBars({ days }: { days: Day[] | undefined }) {
  const most = Math.max(0, ...(days ?? []).map((day) => day.total));
  return (
    <Panel
      title="Last 14 days"
      aside={
        <LinkButton to="/runs" search={{ as: "calendar" }} variant="subtle" size="compact-sm">
          Calendar
        </LinkButton>
      }
    >
      {days ? (
        <ol className={classes.bars}>
          {days.map((day) => (
            <li key={day.date}>
              <Link
                to="/runs"
                search={{ day: day.date }}
                className={classes.barLink ?? ""}
                title={dayWords(day)}
                aria-label={dayWords(day)}
              >
                <span className={classes.bar}>
                  {barParts(day, most).map(({ tone, height }) => (
                    <span key={tone} data-tone={tone} style={{ height: `${height}%` }} />
                  ))}
                </span>
                <span className={classes.barDay} aria-hidden="true">
                  {Number(day.date.slice(8))}
                </span>
              </Link>
            </li>
          ))}
        </ol>
      ) : (
        <div className={classes.barsLoading} role="status" aria-label="Loading">
          <Skeleton height={104} radius={6} />
        </div>
      )}
    </Panel>
  );
}
