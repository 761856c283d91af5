import type { Json, Parameter, PipelineEdge, PipelineNode, Settings } from "../model";

export type Point = { x: number; y: number };

/** The colours that notes and groups may have. */
export const colours = ["yellow", "blue", "green", "red", "grey"] as const;

export type Colour = (typeof colours)[number];

/** Text on the canvas. */
export type Note = {
  id: string;
  text: string;
  position: Point;
  width?: number;
  height?: number;
  color?: Colour;
};

/** A named frame around nodes. */
export type Group = { id: string; name: string; nodes: string[]; color?: Colour };

/** A node with its number in the document's list, by which problems name it. */
export type DrawnNode = PipelineNode & { config: Settings; index: number };

export type DrawnEdge = PipelineEdge & { index: number };

/** What the canvas shows of a document. Whatever a text has that is not of that shape is left out. */
export type Sketch = {
  nodes: DrawnNode[];
  edges: DrawnEdge[];
  notes: Note[];
  groups: Group[];
};

/** A document as plain values, as the server takes it. */
export type Plain = {
  name?: string;
  description?: string;
  draft?: boolean;
  params?: Record<string, string>;
  parameters?: Record<string, Parameter>;
  [member: string]: unknown;
};

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const objects = (value: unknown): { item: Record<string, unknown>; index: number }[] =>
  Array.isArray(value)
    ? value.flatMap((item, index) => (isObject(item) ? [{ item, index }] : []))
    : [];

const text = (value: unknown): string => (typeof value === "string" ? value : "");

const number = (value: unknown): number =>
  typeof value === "number" && Number.isFinite(value) ? value : 0;

const point = (value: unknown): Point =>
  isObject(value) ? { x: number(value.x), y: number(value.y) } : { x: 0, y: 0 };

const colour = (value: unknown): { color?: Colour } => {
  const known = colours.find((one) => one === value);
  return known ? { color: known } : {};
};

/** Finds in plain values what can be drawn. Of two nodes with one id the first is. */
export function sketchOf(plain: Plain): Sketch {
  const seen = new Set<string>();
  const nodes = objects(plain.nodes).flatMap(({ item, index }): DrawnNode[] => {
    const id = text(item.id);
    if (!id || seen.has(id)) return [];
    seen.add(id);
    return [
      {
        index,
        id,
        type: text(item.type),
        name: text(item.name),
        config: isObject(item.config) ? (item.config as Record<string, Json>) : {},
        position: point(item.position),
      },
    ];
  });
  const joined = new Set<string>();
  const edges = objects(plain.edges).flatMap(({ item, index }): DrawnEdge[] => {
    const [from, to] = [text(item.from), text(item.to)];
    const key = `${from} ${to}`;
    if (!seen.has(from) || !seen.has(to) || joined.has(key)) return [];
    joined.add(key);
    const mark = typeof item.condition === "boolean" ? { condition: item.condition } : {};
    return [{ index, from, to, ...mark }];
  });
  return { nodes, edges, notes: notesOf(plain.notes), groups: groupsOf(plain.groups, seen) };
}

function notesOf(value: unknown): Note[] {
  return objects(value).flatMap(({ item }) => {
    if (!text(item.id)) return [];
    const [width, height] = [number(item.width), number(item.height)];
    return [
      {
        id: text(item.id),
        text: text(item.text),
        position: point(item.position),
        ...(width > 0 ? { width } : {}),
        ...(height > 0 ? { height } : {}),
        ...colour(item.color),
      },
    ];
  });
}

function groupsOf(value: unknown, known: Set<string>): Group[] {
  return objects(value).flatMap(({ item }) => {
    if (!text(item.id)) return [];
    const members = Array.isArray(item.nodes) ? item.nodes : [];
    const nodes = members.filter((id): id is string => typeof id === "string" && known.has(id));
    return [{ id: text(item.id), name: text(item.name), nodes, ...colour(item.color) }];
  });
}
