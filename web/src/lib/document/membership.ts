import { frameOf } from "./arrange";
import type { Group, Point, Sketch } from "./model";

type Size = { width: number; height: number };

/** Which groups nodes are in after they were moved, of those that change theirs; undefined is none. */
export type Regrouped = ReadonlyMap<string, string | undefined>;

/**
 * A node that is put into a frame belongs to its group, and one that is taken out of the frame
 * around the others does not any longer. Groups that are moved as a whole stay as they are.
 */
export function regrouped(
  { groups }: Pick<Sketch, "groups">,
  places: ReadonlyMap<string, Point>,
  moved: ReadonlyMap<string, Point>,
  { size, padding }: { size: Size; padding: number },
): Regrouped {
  const frames = new Map<string, Point & Size>();
  for (const group of groups) {
    const rest = group.nodes.flatMap((id) => (moved.has(id) ? [] : (places.get(id) ?? [])));
    if (rest.length > 0) frames.set(group.id, frameOf(rest, size, padding));
  }
  const changes = new Map<string, string | undefined>();
  for (const [id, at] of moved) {
    const own = groups.find(({ nodes }) => nodes.includes(id));
    const whole = own !== undefined && own.nodes.length > 1 && !frames.has(own.id);
    if (!places.has(id) || whole) continue;
    const next = groupAt(frames, own?.id, at, size);
    if (next !== own?.id) changes.set(id, next);
  }
  return changes;
}

/** The group that a node belongs to at a place: what it is of goes before what it comes into. */
function groupAt(
  frames: ReadonlyMap<string, Point & Size>,
  own: string | undefined,
  at: Point,
  size: Size,
): string | undefined {
  const frame = own === undefined ? undefined : frames.get(own);
  if (frame && holds(frame, at, size)) return own;
  const [next] = [...frames].find(([, there]) => holds(there, at, size)) ?? [];
  // One that is alone in its group takes the frame with it.
  return next ?? (!frame || touches(frame, at, size) ? own : undefined);
}

/** Whether the middle of a node is inside of a frame. */
function holds(frame: Point & Size, at: Point, size: Size): boolean {
  const [x, y] = [at.x + size.width / 2 - frame.x, at.y + size.height / 2 - frame.y];
  return x >= 0 && y >= 0 && x <= frame.width && y <= frame.height;
}

/** Whether any of a node is inside of a frame. */
function touches(frame: Point & Size, { x, y }: Point, { width, height }: Size): boolean {
  return (
    x < frame.x + frame.width &&
    frame.x < x + width &&
    y < frame.y + frame.height &&
    frame.y < y + height
  );
}

/** The groups after nodes have changed theirs. */
export function withMembers(groups: Group[], changes: Regrouped): Group[] {
  if (changes.size === 0) return groups;
  return groups.map((group) => {
    const stay = group.nodes.filter((id) => !changes.has(id));
    const come = [...changes].flatMap(([id, to]) => (to === group.id ? [id] : []));
    const same = come.length === 0 && stay.length === group.nodes.length;
    return same ? group : { ...group, nodes: [...stay, ...come] };
  });
}
