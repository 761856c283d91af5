import type { Offers } from "./fields";

/** A text that is offered: all of it, what is shown of it, and a word about it. */
export type Offer = { text: string; shown: string; hint: string };

type Known = {
  columns: { name: string; type: string; input?: number }[];
  placeholders: string[];
  pipelines: { pipeline_id: string; name: string }[];
  connections: { conn_id: string; type: string }[];
};

const mostOffers = 50;

/**
 * What is offered for a text: placeholders while one is being written, else what its
 * setting takes and holds the text that is there. Nothing is there twice.
 */
export function offered(text: string, offers: Offers, known: Known): Offer[] {
  const open = /\$\{([A-Za-z0-9_.-]*)$/.exec(text);
  if (open) {
    const [all, start = ""] = open;
    return known.placeholders
      .filter((name) => name.startsWith(start))
      .map((name) => {
        const shown = `\${${name}}`;
        return { text: text.slice(0, -all.length) + shown, shown, hint: "placeholder" };
      });
  }
  const list = listOf(offers, known);
  const wanted = text.trim().toLowerCase();
  // A text that is one of them was chosen: all are shown, so that another can be.
  const chosen = list.some((one) => one.text === text);
  const fitting = chosen
    ? list
    : list.filter(({ text, hint }) => `${text} ${hint}`.toLowerCase().includes(wanted));
  const once = new Map(fitting.map((one) => [one.text, one]));
  return [...once.values()].slice(0, mostOffers);
}

function listOf(offers: Offers, { columns, pipelines, connections }: Known): Offer[] {
  switch (offers.from) {
    case "columns":
      return ofInput(columns, offers.input).map(({ name, type }) => ({
        text: name,
        shown: name,
        hint: type,
      }));
    case "pipelines":
      return pipelines.map(({ pipeline_id, name }) => ({
        text: pipeline_id,
        shown: pipeline_id,
        hint: name,
      }));
    case "connections":
      return connections
        .filter(({ type }) => offers.types.length === 0 || offers.types.includes(type))
        .map(({ conn_id, type }) => ({ text: conn_id, shown: conn_id, hint: type }));
    case "values":
      return offers.values.map((one) => ({ text: one, shown: one, hint: "" }));
    case "nothing":
      return [];
  }
}

/** The columns of one input; all of them while nothing is known of that one. */
function ofInput(columns: Known["columns"], wanted: number | undefined): Known["columns"] {
  const own = columns.filter(({ input }) => wanted === undefined || input === wanted);
  return own.length > 0 ? own : columns;
}
