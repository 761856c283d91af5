/** An id made of a name, for somebody who did not type one: "The North" becomes "the-north". */
export function idOf(name: string): string {
  const plain = name.normalize("NFKD").replaceAll(/\p{M}/gu, "").toLowerCase();
  return plain
    .replaceAll(/[^a-z0-9_]+/g, "-")
    .slice(0, 64)
    .replaceAll(/^-+|-+$/g, "");
}
