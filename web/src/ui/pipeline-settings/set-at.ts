import type { Json, Settings } from "../../lib/model";

type Step = string | number;

/** The document with a value at a path; undefined takes away what is there. It is not written to. */
export function setAt(document: Settings, path: Step[], value: Json | undefined): Settings {
  const [step, ...rest] = path;
  if (step === undefined) return document;
  return into(document, step, rest, value) as Settings;
}

function into(at: Json | undefined, step: Step, rest: Step[], value: Json | undefined): Json {
  const [next, ...behind] = rest;
  if (typeof step === "number") {
    const list = Array.isArray(at) ? at : [];
    if (next !== undefined) return list.with(step, into(list[step], next, behind, value));
    return value === undefined ? list.toSpliced(step, 1) : list.with(step, value);
  }
  const object = typeof at === "object" && at !== null && !Array.isArray(at) ? at : {};
  const set = next === undefined ? value : into(object[step], next, behind, value);
  if (set !== undefined) return { ...object, [step]: set };
  const { [step]: _, ...others } = object;
  return others;
}
