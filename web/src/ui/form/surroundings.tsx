import { createContext, useContext } from "react";

export type Column = {
  name: string;
  type: string;
  /** Which of several inputs has it; 0 is the first. */
  input?: number;
};

type Around = {
  columns: Column[];
  /** Full names that every run knows: "run.date". Without any, settings have no names here. */
  placeholders: string[];
  readOnly: boolean;
};

/** The placeholders that have a value in every run. */
export const usualPlaceholders = [
  "run.id",
  "run.date",
  "run.started_at",
  "run.timestamp",
  "interval.start",
  "interval.end",
  "interval.start_date",
  "interval.end_date",
];

/** What is around the fields of a form, so that it need not go through every list. */
const Context = createContext<Around>({ columns: [], placeholders: [], readOnly: false });

export const Surroundings = Context.Provider;

export function useSurroundings(): Around {
  return useContext(Context);
}
