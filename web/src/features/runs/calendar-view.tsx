import { IconCalendarOff } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { type KeyboardEvent, useMemo, useRef } from "react";
import { calendarQuery, type Day } from "../../lib/history";
import { TextLink } from "../../ui/links";
import { Panel } from "../../ui/page";
import { EmptyState, ErrorState, LoadingRows } from "../../ui/states";
import classes from "./calendar.module.css";
import { calendarRange } from "./filters";
import { countWords, dateByKey, dateWords, dayWords, levelOf, monthOver, weeksOf } from "./heat";

const route = getRouteApi("/shell/runs");

const weeksShown = 53;

const weekdays = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/** A year of days: the more runs the darker, and marked where some failed. A day opens its runs. */
export function CalendarView() {
  const { pipeline } = route.useSearch();
  const { from, to } = useMemo(() => calendarRange(new Date(), weeksShown), []);
  const calendar = useQuery({
    ...calendarQuery(from, to, pipeline),
    placeholderData: keepPreviousData,
  });
  return (
    <Panel title="Runs of each day">
      {calendar.isPending && <LoadingRows rows={4} height={28} />}
      {calendar.isError && (
        <ErrorState error={calendar.error} onRetry={() => void calendar.refetch()} />
      )}
      {calendar.isSuccess && <Year days={calendar.data.days} />}
      {calendar.isSuccess && <LastDays days={calendar.data.days} />}
    </Panel>
  );
}

function Year({ days }: { days: Day[] }) {
  const table = useRef<HTMLTableElement>(null);
  const weeks = useMemo(() => weeksOf(days), [days]);
  const most = Math.max(0, ...days.map((day) => day.total));
  const last = days.at(-1)?.date;
  if (most === 0) {
    return (
      <EmptyState icon={IconCalendarOff} title="No runs in this year">
        Every day on which something ran shows up here.
      </EmptyState>
    );
  }
  const move = (event: KeyboardEvent) => {
    if (!(event.target instanceof HTMLElement)) return;
    const next = dateByKey(event.target.dataset.date ?? "", event.key);
    if (!next) return;
    event.preventDefault();
    table.current?.querySelector<HTMLElement>(`[data-date="${next}"]`)?.focus();
  };
  return (
    // The newest days are what people come for, also where not all of them fit.
    <div className={classes.scroller} ref={(box) => box?.scrollTo({ left: box.scrollWidth })}>
      <table className={classes.year} ref={table} onKeyDown={move}>
        <thead>
          <tr>
            <td />
            {weeks.map((week, place) => (
              <th key={week.first} scope="col" className={classes.month}>
                <span>{monthOver(week, place)}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {weekdays.map((name, place) => (
            <tr key={name}>
              <th scope="row" className={classes.weekday}>
                {name}
              </th>
              {weeks.map((week) => (
                <td key={week.first}>
                  <DayCell day={week.days[place]} most={most} last={last} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <Legend />
    </div>
  );
}

type CellProps = { day: Day | undefined; most: number; last: string | undefined };

function DayCell({ day, most, last }: CellProps) {
  const { pipeline } = route.useSearch();
  if (!day) return null;
  const words = dayWords(day);
  return (
    <Link
      to="/runs"
      search={{ ...(pipeline && { pipeline }), day: day.date }}
      className={classes.day ?? ""}
      data-date={day.date}
      data-level={levelOf(day, most)}
      data-failed={day.failed > 0}
      tabIndex={day.date === last ? 0 : -1}
      title={words}
      aria-label={words}
    />
  );
}

/** How many of the last days with runs are told in words. */
const daysShown = 14;

/** The last days on which something ran, each with its runs. */
function LastDays({ days }: { days: Day[] }) {
  const { pipeline } = route.useSearch();
  const last = days.filter(({ total }) => total > 0).slice(-daysShown);
  if (last.length === 0) return null;
  return (
    <section className={classes.last} aria-labelledby="last-days">
      <h3 id="last-days">The last days with runs</h3>
      <ul>
        {last.reverse().map((day) => (
          <li key={day.date}>
            <TextLink to="/runs" search={{ ...(pipeline && { pipeline }), day: day.date }}>
              {dateWords(day.date)}
            </TextLink>
            <span className={classes.share} aria-hidden="true">
              <span style={{ flexGrow: day.total - day.failed }} />
              <span style={{ flexGrow: day.failed }} data-failed />
            </span>
            <span>{countWords(day)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Legend() {
  return (
    <p className={classes.legend} aria-hidden="true">
      Fewer
      {[0, 1, 2, 3, 4].map((level) => (
        <span key={level} className={classes.day} data-level={level} />
      ))}
      more runs
      <span className={classes.day} data-level={2} data-failed="true" />
      some failed
    </p>
  );
}
