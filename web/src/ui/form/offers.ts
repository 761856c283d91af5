import type { Name } from "../../lib/names";
import type { Offers } from "./fields";

/** A text that is offered: all of it, what is shown of it, a word about it, and where writing goes on. */
export type Offer = { text: string; shown: string; hint: string; caret: number };

/** A name that may stand in a text, and a word about it. */
export type Named = { name: string; hint: string };

type Known = {
  columns: { name: string; type: string; input?: number }[];
  names: Named[];
  pipelines: { pipeline_id: string; name: string }[];
  connections: { conn_id: string; type: string }[];
};

const mostOffers = 50;

const begun = /\$\{([A-Za-z0-9_.-]*)$/;

/** Whether a name is being written in a text where the caret is. */
export function isNaming(text: string, caret = text.length): boolean {
  return begun.test(text.slice(0, caret));
}

/** Whether a text is one name and nothing else: it gets a value of the type of its setting. */
export function isName(text: string): boolean {
  return /^\$\{[a-z]+\.[A-Za-z0-9_.-]+\}$/.test(text);
}

/**
 * What is offered for a text: names while one is being written, else what its setting
 * takes and holds the text that is there. Nothing is there twice.
 */
export function offered(text: string, offers: Offers, known: Known, caret = text.length): Offer[] {
  const [all, start] = begun.exec(text.slice(0, caret)) ?? [];
  if (all !== undefined && start !== undefined) {
    const before = text.slice(0, caret - all.length);
    // What is behind the caret of the name that is being changed goes with it.
    const after = text.slice(caret).replace(/^[A-Za-z0-9_.-]*\}/, "");
    return fitting(known.names, start).map(({ name, hint }) => {
      const shown = `\${${name}}`;
      return { text: before + shown + after, shown, hint, caret: before.length + shown.length };
    });
  }
  const list = listOf(offers, known);
  const wanted = text.trim().toLowerCase();
  // A text that is one of them was chosen: all are shown, so that another can be.
  const chosen = list.some((one) => one.text === text);
  const fits = chosen
    ? list
    : list.filter(({ text, hint }) => `${text} ${hint}`.toLowerCase().includes(wanted));
  const once = new Map(fits.map((one) => [one.text, { ...one, caret: one.text.length }]));
  return [...once.values()].slice(0, mostOffers);
}

/** The names that hold what was written of one, those that begin with it first. */
function fitting(names: Named[], start: string): Named[] {
  const wanted = start.toLowerCase();
  const place = ({ name }: Named) => name.toLowerCase().indexOf(wanted);
  const behind = (one: Named) => Number(place(one) > 0);
  return names
    .filter((one) => place(one) >= 0)
    .sort((a, b) => behind(a) - behind(b))
    .slice(0, mostOffers);
}

/** The names of a run and those that the server knows, without secrets where none may stand. */
export function namesFor(ofRun: string[], known: Name[], secrets: boolean): Named[] {
  return [
    ...ofRun.map((name) => ({ name, hint: name.startsWith("param.") ? "parameter" : "" })),
    ...known
      .filter(({ secret }) => secrets || !secret)
      .map(({ secret, name, value, about }) => ({
        name,
        hint: secret ? "secret" : value || about || "",
      })),
  ];
}

function listOf(
  offers: Offers,
  { columns, pipelines, connections }: Known,
): Omit<Offer, "caret">[] {
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
