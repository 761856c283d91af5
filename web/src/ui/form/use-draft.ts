import { useState } from "react";
import type { Json } from "../../lib/model";
import { same } from "./values";

/**
 * The text of a field whose value is made of it. The text stays as it was typed, "1." or
 * "[1," too, for as long as it means the value; when that is changed from elsewhere, the
 * text follows.
 */
export function useDraft(
  value: Json | undefined,
  read: (text: string) => Json | undefined,
  write: (value: Json | undefined) => string,
): [string, (text: string) => void] {
  const [typed, setTyped] = useState(() => write(value));
  return [same(read(typed), value) ? typed : write(value), setTyped];
}
