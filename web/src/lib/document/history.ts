/** A value with those before and after it. */
export type History<T> = {
  past: readonly T[];
  present: T;
  future: readonly T[];
  /** What the last step was about, while another one may be merged with it. */
  merging?: { key: string; at: number };
};

/** For so long keystrokes into one field are one step. */
const mergeMs = 1500;

/** No more steps than these can be undone. */
const most = 200;

export function begin<T>(present: T): History<T> {
  return { past: [], present, future: [] };
}

/** Goes one step on. Steps with one key that follow each other closely are one. */
export function step<T>(
  history: History<T>,
  next: T,
  { key, at }: { key?: string; at: number },
): History<T> {
  if (next === history.present) return history;
  const { past, present, merging } = history;
  const merged = key !== undefined && merging?.key === key && at - merging.at < mergeMs;
  return {
    past: merged ? past : [...past, present].slice(-most),
    present: next,
    future: [],
    ...(key === undefined ? {} : { merging: { key, at } }),
  };
}

export function undo<T>({ past, present, future }: History<T>): History<T> {
  const before = past.at(-1);
  if (before === undefined) return { past, present, future };
  return { past: past.slice(0, -1), present: before, future: [present, ...future] };
}

export function redo<T>({ past, present, future }: History<T>): History<T> {
  const [next, ...rest] = future;
  if (next === undefined) return { past, present, future };
  return { past: [...past, present], present: next, future: rest };
}
