/** A place in a document: member names and numbers of list items. */
export type Path = (string | number)[];

/** Reads a place as the server writes it, such as "nodes[1].config.rules[0].column". */
export function readPath(text: string): Path {
  const parts = text.matchAll(/\[(\d+)\]|([^.[\]]+)/g);
  return [...parts].map(([, place, member]) => (place === undefined ? (member ?? "") : +place));
}

/** Writes a place as the server does. */
export function writePath(path: Path): string {
  let text = "";
  for (const part of path) {
    if (typeof part === "number") text += `[${part}]`;
    else text += text ? `.${part}` : part;
  }
  return text;
}
