import { useQuery } from "@tanstack/react-query";
import { type ContactRevision, contactHistoryQuery } from "../../lib/contacts";
import type { Json } from "../../lib/model";
import { RelativeTime } from "../../ui/relative-time";
import { ErrorState, LoadingRows } from "../../ui/states";
import classes from "./contacts.module.css";

/** What was changed, by whom and which way it came. */
export function ContactHistory({ id }: { id: string }) {
  const history = useQuery(contactHistoryQuery(id));
  if (history.isPending) return <LoadingRows rows={3} height={24} />;
  if (history.isError) {
    return <ErrorState error={history.error} onRetry={() => void history.refetch()} />;
  }
  return (
    <ol className={classes.lines}>
      {history.data.map((revision) => (
        <Revision key={revision.at} revision={revision} />
      ))}
    </ol>
  );
}

function Revision({ revision }: { revision: ContactRevision }) {
  const { action, actor, source, fields, before } = revision;
  return (
    <li className={classes.line}>
      <div className={classes.words}>
        {action === "created" ? "Created" : "Changed"}
        {actor && (
          <>
            {" by "}
            <bdi>{actor}</bdi>
          </>
        )}
        {` (${source}): ${fields.join(", ")}`}
        {fields.map((field) => held(field, before[field])).filter(Boolean).length > 0 && (
          <span className={classes.soft}>
            before:{" "}
            {fields
              .map((field) => held(field, before[field]))
              .filter(Boolean)
              .join("; ")}
          </span>
        )}
      </div>
      <span className={classes.when}>
        <RelativeTime at={revision.at} />
      </span>
    </li>
  );
}

/** What a field held, in one line; nothing when it was empty. */
function held(field: string, value: Json | undefined): string {
  const text = typeof value === "string" ? value : JSON.stringify(value ?? "");
  const nothing = ['""', "null", "[]", "{}", ""];
  return nothing.includes(text) ? "" : `${field} ${text.slice(0, 120)}`;
}
