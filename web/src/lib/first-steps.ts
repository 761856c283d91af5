import { useSyncExternalStore } from "react";
import type { Me } from "./accounts";

export type TourStep = 1 | 2 | 3 | 4;

/** Where someone is in the tour, and on which pipeline and run. */
export type Tour = { step: TourStep; pipeline?: string; run?: string };

/** How far someone is with the first steps. */
export type FirstSteps = {
  /** The tour that is under way. */
  tour?: Tour;
  /** The list of first steps is done with, or was sent away. */
  done?: boolean;
};

/** Whose first steps are those of the caller; empty while it is not known who that is. */
export const stepsOf = (me: Me | undefined): string => (me?.open ? "open" : (me?.username ?? ""));

const keyOf = (user: string) => `broked.first-steps.${user}`;
const listeners = new Set<() => void>();

function read(user: string): string {
  return localStorage.getItem(keyOf(user)) ?? "{}";
}

/** What a stored text says; one that cannot be read says nothing. */
export function parsed(text: string): FirstSteps {
  try {
    const { tour, done } = JSON.parse(text) as FirstSteps;
    return {
      ...(tour && [1, 2, 3, 4].includes(tour.step) ? { tour } : {}),
      ...(done === true ? { done } : {}),
    };
  } catch {
    return {};
  }
}

/** Remembers in this browser how far a user is. */
export function setFirstSteps(user: string, next: FirstSteps): void {
  try {
    localStorage.setItem(keyOf(user), JSON.stringify(next));
  } catch {
    // A browser without room shows them again.
  }
  for (const listener of listeners) listener();
}

/** How far a user is. */
export function useFirstSteps(user: string): FirstSteps {
  const text = useSyncExternalStore(subscribe, () => read(user));
  return parsed(text);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  window.addEventListener("storage", listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener("storage", listener);
  };
}

/** The tour after its person went to a page: it goes on by itself when that is the next one. */
export function followed(tour: Tour, path: string): Tour {
  const [, place, id, page] = path.split("/");
  const at = place === "pipelines" && id && id !== "new" ? decodeURIComponent(id) : undefined;
  if (tour.step === 1 && at && !page) return { step: 2, pipeline: at };
  if (tour.step === 2 && place === "runs" && id) {
    return { ...tour, step: 3, run: decodeURIComponent(id) };
  }
  if (tour.step === 3 && at && page === "edit") return { ...tour, step: 4, pipeline: at };
  return tour;
}
