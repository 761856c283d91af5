import { Button, TextInput } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import classes from "./audit.module.css";
import { fromLocal, toLocal } from "./local-time";
import { eventByWords, eventInWords } from "./words";

const route = getRouteApi("/shell/admin/audit");

type Filter = { event?: string; actor?: string; since?: string; until?: string };

/** Narrows the log; the URL holds what was chosen. */
export function FilterForm({ filter }: { filter: Filter }) {
  const navigate = route.useNavigate();
  const [words, setWords] = useState({
    event: filter.event ? eventInWords(filter.event) : "",
    actor: filter.actor ?? "",
    since: toLocal(filter.since),
    until: toLocal(filter.until),
  });
  const type = (part: Partial<typeof words>) => setWords({ ...words, ...part });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const since = fromLocal(words.since);
    const until = fromLocal(words.until);
    void navigate({
      search: {
        ...(words.event && { event: eventByWords(words.event) }),
        ...(words.actor && { actor: words.actor.trim() }),
        ...(since && { since }),
        ...(until && { until }),
      },
    });
  };
  return (
    <form className={classes.filters} onSubmit={submit}>
      <TextInput
        size="xs"
        label="Event"
        placeholder="Pipeline deleted"
        value={words.event}
        onChange={(event) => type({ event: event.currentTarget.value })}
      />
      <TextInput
        size="xs"
        label="Actor"
        placeholder="A name"
        value={words.actor}
        onChange={(event) => type({ actor: event.currentTarget.value })}
      />
      <TextInput
        size="xs"
        type="datetime-local"
        label="Since"
        value={words.since}
        onChange={(event) => type({ since: event.currentTarget.value })}
      />
      <TextInput
        size="xs"
        type="datetime-local"
        label="Until"
        value={words.until}
        onChange={(event) => type({ until: event.currentTarget.value })}
      />
      <Button type="submit" size="xs" variant="default">
        Filter
      </Button>
      {Object.keys(filter).length > 0 && (
        <Button size="xs" variant="subtle" onClick={() => void navigate({ search: {} })}>
          Show all
        </Button>
      )}
    </form>
  );
}
