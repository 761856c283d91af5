/** What starts runs: in a word or two for a table, and as one chooses it. */
const known: Record<string, { word: string; choice: string }> = {
  manual: { word: "Person", choice: "A person" },
  api: { word: "API", choice: "The API" },
  scheduled: { word: "Schedule", choice: "A schedule" },
  webhook: { word: "Webhook", choice: "A webhook" },
  file: { word: "File", choice: "A file" },
  contacts: { word: "Contacts", choice: "A change of contacts" },
  dependency: { word: "Dependency", choice: "Another pipeline's end" },
  pipeline: { word: "Pipeline", choice: "A pipeline's node" },
  backfill: { word: "Backfill", choice: "A backfill" },
  resume: { word: "Resume", choice: "A resume" },
};

/** What started a run, in a word; one that is not known here as the server calls it. */
export function triggerWord(trigger: string): string {
  return known[trigger]?.word ?? trigger;
}

/** What starts runs, to choose from. */
export const triggerChoices: readonly { value: string; label: string }[] = Object.entries(
  known,
).map(([value, { choice }]) => ({ value, label: choice }));
