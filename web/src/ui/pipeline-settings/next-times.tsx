import classes from "./pipeline-settings.module.css";
import { type SchedulePreview, timeIn, viewerZone } from "./schedules";

type Props = { preview: SchedulePreview | undefined; asked: string; timezone: string };

/** What a schedule means in words, and its next times by the pipeline's clock and the viewer's. */
export function NextTimes({ preview, asked, timezone }: Props) {
  if (!preview) return null;
  if (!preview.valid) {
    return (
      <p className={classes.wrong} role="status">
        {preview.error}
      </p>
    );
  }
  const mine = viewerZone();
  const two =
    mine !== timezone && preview.next.some((at) => timeIn(at, mine) !== timeIn(at, timezone));
  return (
    <div className={classes.next} role="status">
      <p>
        Runs {preview.description}
        {preview.cron && preview.cron !== asked.trim() && (
          <>
            {": "}
            <code>{preview.cron}</code>
          </>
        )}
      </p>
      <table className={classes.times}>
        <thead>
          <tr>
            <th scope="col">Next, {timezone}</th>
            {two && <th scope="col">Here, {mine}</th>}
          </tr>
        </thead>
        <tbody>
          {preview.next.map((at) => (
            <tr key={at}>
              <td>
                <time dateTime={at}>{timeIn(at, timezone)}</time>
              </td>
              {two && <td>{timeIn(at, mine)}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
