import { downstream } from "./legality";
import type { Point, Sketch } from "./model";

type Size = { width: number; height: number };
type Places = ReadonlyMap<string, Point>;

/** The room between nodes that were put beside each other. */
export const gap = { x: 76, y: 32 };

export type Alignment = "left" | "middle" | "right" | "top" | "centre" | "bottom";

/** Where nodes of one size stand when they are aligned with each other. */
export function align(places: Places, how: Alignment): Map<string, Point> {
  const along = how === "left" || how === "middle" || how === "right" ? "x" : "y";
  const all = [...places.values()].map((place) => place[along]);
  const [least, most] = [Math.min(...all), Math.max(...all)];
  const first = how === "left" || how === "top";
  const halfway = how === "middle" || how === "centre";
  const to = first ? least : halfway ? (least + most) / 2 : most;
  return new Map([...places].map(([id, place]) => [id, { ...place, [along]: to }]));
}

/** Where nodes stand when there is as much room between all of them. */
export function distribute(places: Places, along: "x" | "y"): Map<string, Point> {
  const sorted = [...places].toSorted(([, a], [, b]) => a[along] - b[along]);
  const first = sorted.at(0)?.[1][along] ?? 0;
  const last = sorted.at(-1)?.[1][along] ?? 0;
  const step = sorted.length > 1 ? (last - first) / (sorted.length - 1) : 0;
  return new Map(
    sorted.map(([id, place], number) => [id, { ...place, [along]: first + number * step }]),
  );
}

/** The first free room below a point. */
export function freeSpot(places: Iterable<Point>, wanted: Point, size: Size): Point {
  const all = [...places];
  const spot = { ...wanted };
  const taken = () =>
    all.some(
      ({ x, y }) =>
        Math.abs(x - spot.x) < size.width + 16 && Math.abs(y - spot.y) < size.height + 16,
    );
  while (taken()) spot.y += size.height + gap.y;
  return spot;
}

/** Room beside a node, on the side to which its rows go. */
export function beside(places: Places, id: string, size: Size): Point {
  const { x, y } = places.get(id) ?? { x: 0, y: 0 };
  return freeSpot(places.values(), { x: x + size.width + gap.x, y }, size);
}

/**
 * Room for a node in an edge: where it stands, and what moves away for it. What comes behind
 * the edge moves, as far as it needs to.
 */
export function between(
  { edges }: Pick<Sketch, "edges">,
  places: Places,
  { from, to }: { from: string; to: string },
  size: Size,
): { at: Point; moved: Map<string, Point> } {
  const [a, b] = [places.get(from) ?? { x: 0, y: 0 }, places.get(to) ?? { x: 0, y: 0 }];
  const wanted = 2 * (size.width + gap.x);
  const short = Math.max(0, wanted - (b.x - a.x));
  const moved = new Map<string, Point>();
  if (short > 0) {
    for (const id of downstream({ edges }, to)) {
      const place = places.get(id);
      if (place) moved.set(id, { x: place.x + short, y: place.y });
    }
  }
  return { at: { x: (a.x + b.x + short) / 2, y: (a.y + b.y) / 2 }, moved };
}

export type Direction = "left" | "right" | "up" | "down";

/**
 * The node that an arrow key leads to: along an edge where there is one, else the nearest on
 * that side.
 */
export function neighbour(
  { edges }: Pick<Sketch, "edges">,
  places: Places,
  id: string,
  direction: Direction,
): string | undefined {
  const here = places.get(id);
  if (!here) return undefined;
  const joined =
    direction === "right"
      ? edges.filter(({ from }) => from === id).map(({ to }) => to)
      : direction === "left"
        ? edges.filter(({ to }) => to === id).map(({ from }) => from)
        : [];
  const others = [...places].filter(([other]) => other !== id);
  const near = others.filter(([other, place]) =>
    joined.length > 0 ? joined.includes(other) : isOnSide(here, place, direction),
  );
  const level = direction === "left" || direction === "right" ? "x" : "y";
  const cross = level === "x" ? "y" : "x";
  // What stands in the same row or column is nearer than what is off it.
  const distance = (place: Point) =>
    Math.abs(place[level] - here[level]) + 3 * Math.abs(place[cross] - here[cross]);
  return near.toSorted(([, p], [, q]) => distance(p) - distance(q)).at(0)?.[0];
}

function isOnSide(here: Point, there: Point, direction: Direction): boolean {
  if (direction === "left") return there.x < here.x;
  if (direction === "right") return there.x > here.x;
  return direction === "up" ? there.y < here.y : there.y > here.y;
}

/** The frame around places. */
export function frameOf(places: Point[], size: Size, padding: number): Point & Size {
  const x = Math.min(...places.map((place) => place.x)) - padding;
  const y = Math.min(...places.map((place) => place.y)) - padding;
  const right = Math.max(...places.map((place) => place.x)) + size.width + padding;
  const bottom = Math.max(...places.map((place) => place.y)) + size.height + padding;
  return { x, y, width: right - x, height: bottom - y };
}

/**
 * The node that is gone to when some are removed: one that gave the first of them its rows, else
 * one that got its, else the nearest.
 */
export function heir(
  { nodes, edges }: Pick<Sketch, "nodes" | "edges">,
  places: ReadonlyMap<string, Point>,
  removed: ReadonlySet<string>,
): string | undefined {
  const first = nodes.find(({ id }) => removed.has(id));
  const left = nodes.filter(({ id }) => !removed.has(id)).map(({ id }) => id);
  if (!first) return undefined;
  const joined =
    edges.find(({ from, to }) => to === first.id && left.includes(from))?.from ??
    edges.find(({ from, to }) => from === first.id && left.includes(to))?.to;
  if (joined) return joined;
  const at = places.get(first.id) ?? { x: 0, y: 0 };
  const far = (id: string) => {
    const { x, y } = places.get(id) ?? { x: 0, y: 0 };
    return Math.hypot(x - at.x, y - at.y);
  };
  return left.reduce<string | undefined>(
    (best, id) => (best === undefined || far(id) < far(best) ? id : best),
    undefined,
  );
}
