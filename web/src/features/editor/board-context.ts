import { createContext, useContext } from "react";

/** What is asked of the canvas by what is drawn on it. */
export type BoardActions = {
  /** Opens a note to be written into, or closes the open one. */
  editNote: (id: string | undefined) => void;
  /** Asks for the node that is put into an edge. */
  insertInto: (edge: { from: string; to: string }) => void;
  /** Turns the mark of an edge that leaves a condition. */
  turn: (edge: { from: string; to: string }, condition: boolean) => void;
};

const Context = createContext<BoardActions | undefined>(undefined);

export const BoardProvider = Context.Provider;

export function useBoard(): BoardActions {
  const actions = useContext(Context);
  if (!actions) throw new Error("outside of the canvas");
  return actions;
}
