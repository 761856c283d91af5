import type { Sketch } from "./model";

/**
 * What nodes were called at first, by what they are called now; those that always had their id are
 * left out. It stays with a node when its id is changed, as its id does not.
 */
export type Identities = Readonly<Record<string, string>>;

/** What tells a node from all others, whatever it is called now. */
export function identityOf(first: Identities, id: string): string {
  const own = first[id];
  if (own !== undefined) return own;
  // The id was another node's before, which has gone on with it.
  return Object.values(first).includes(id) ? `${id} (another)` : id;
}

/** The identities after a node has got another id. */
export function renamed(first: Identities, id: string, next: string): Identities {
  const own = identityOf(first, id);
  const { [id]: _, ...rest } = first;
  return own === next ? rest : { ...rest, [next]: own };
}

/** The ids that nodes have now, by those that they had when the identities were others. */
export function newIds(
  then: { first: Identities; ids: string[] },
  now: { first: Identities; ids: string[] },
): Map<string, string> {
  const today = new Map(now.ids.map((id) => [identityOf(now.first, id), id]));
  return new Map(
    then.ids.flatMap((old) => {
      const id = today.get(identityOf(then.first, old));
      return id === undefined ? [] : [[old, id]];
    }),
  );
}

/** A sketch with the ids that its nodes have now. */
export function inNewIds(sketch: Sketch, ids: ReadonlyMap<string, string>): Sketch {
  const now = (id: string) => ids.get(id) ?? id;
  return {
    ...sketch,
    nodes: sketch.nodes.map((node) => ({ ...node, id: now(node.id) })),
    edges: sketch.edges.map((edge) => ({ ...edge, from: now(edge.from), to: now(edge.to) })),
  };
}
