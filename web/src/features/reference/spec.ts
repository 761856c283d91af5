import { queryOptions } from "@tanstack/react-query";
import { get } from "../../lib/api";
import type { Json } from "../../lib/model";

/** A schema of the document, as far as it is shown. */
export type Schema = {
  $ref?: string;
  type?: string | string[];
  format?: string;
  description?: string;
  enum?: Json[];
  items?: Schema;
  properties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  required?: string[];
  minimum?: number;
  maximum?: number;
  default?: Json;
};

export type Parameter = {
  name: string;
  in: "path" | "query" | "header" | "cookie";
  description?: string;
  required?: boolean;
  schema?: Schema;
};

type Content = Record<string, { schema?: Schema }>;

type RawOperation = {
  operationId: string;
  summary?: string;
  tags?: string[];
  "x-permission"?: string;
  parameters?: (Parameter | { $ref: string })[];
  requestBody?: { required?: boolean; content?: Content };
  responses?: Record<string, { description?: string; content?: Content }>;
};

export type Document = {
  paths: Record<string, Record<string, RawOperation>>;
  components: { schemas: Record<string, Schema> };
};

export type Operation = {
  id: string;
  method: string;
  path: string;
  tag: string;
  summary: string;
  permission: string;
  parameters: Parameter[];
  body: { contentType: string; schema: Schema; required: boolean } | undefined;
  answers: { status: string; description: string; schema: Schema | undefined }[];
};

/** The server's own description of its API. */
export const documentQuery = queryOptions({
  queryKey: ["openapi"],
  queryFn: ({ signal }) => get<Document>("/api/openapi.json", { signal }),
  staleTime: Number.POSITIVE_INFINITY,
});

const methods = ["get", "post", "put", "patch", "delete"];

/** Every operation, by tag and path. */
export function operationsOf(document: Document): Operation[] {
  const all: Operation[] = [];
  for (const [path, item] of Object.entries(document.paths)) {
    for (const method of methods) {
      const raw = item[method];
      if (raw) all.push(operationOf(method, path, raw));
    }
  }
  return all.toSorted((a, b) => a.tag.localeCompare(b.tag) || a.path.localeCompare(b.path));
}

function operationOf(method: string, path: string, raw: RawOperation): Operation {
  const [contentType, content] = Object.entries(raw.requestBody?.content ?? {})[0] ?? [];
  return {
    id: raw.operationId,
    method: method.toUpperCase(),
    path,
    tag: raw.tags?.[0] ?? "other",
    summary: raw.summary ?? "",
    permission: raw["x-permission"] ?? "",
    parameters: (raw.parameters ?? []).filter((one): one is Parameter => "name" in one),
    body:
      contentType === undefined
        ? undefined
        : {
            contentType,
            schema: content?.schema ?? {},
            required: raw.requestBody?.required ?? false,
          },
    answers: Object.entries(raw.responses ?? {}).map(([status, answer]) => ({
      status,
      description: answer.description ?? "",
      schema: Object.values(answer.content ?? {})[0]?.schema,
    })),
  };
}

/** The operations that have all the words in their path, summary or tag. */
export function findOperations(all: Operation[], words: string): Operation[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  return all.filter(({ method, path, summary, tag, permission }) => {
    const text = `${method} ${path} ${summary} ${tag} ${permission}`.toLowerCase();
    return wanted.every((word) => text.includes(word));
  });
}

/** The schema that a reference names, with that name. */
export function resolve(document: Document, schema: Schema): { schema: Schema; name: string } {
  const name = schema.$ref?.replace("#/components/schemas/", "") ?? "";
  return { schema: name ? (document.components.schemas[name] ?? {}) : schema, name };
}

/** A schema's type in a few words. */
export function typeOf(schema: Schema): string {
  if (schema.$ref) return schema.$ref.replace("#/components/schemas/", "");
  const types = [schema.type ?? []].flat().filter((type) => type !== "null");
  if (types.includes("array")) return `list of ${schema.items ? typeOf(schema.items) : "anything"}`;
  return [types.join(" or ") || "anything", schema.format].filter(Boolean).join(", ");
}

const plainExamples: Record<string, Json> = {
  array: [],
  integer: 0,
  number: 0,
  boolean: false,
  string: "",
};

/** An example of what a schema takes: what is required, filled in with little. */
export function exampleOf(document: Document, given: Schema, depth = 0): Json {
  const { schema } = resolve(document, given);
  if (schema.default !== undefined) return schema.default;
  if (schema.enum?.[0] !== undefined) return schema.enum[0];
  const type = [schema.type ?? []].flat()[0];
  const plain = type === undefined ? undefined : plainExamples[type];
  if (plain !== undefined) return type === "integer" ? (schema.minimum ?? plain) : plain;
  return depth > 3 ? {} : requiredOf(document, schema, depth);
}

function requiredOf(document: Document, { properties, required }: Schema, depth: number): Json {
  const members: Record<string, Json> = {};
  for (const name of required ?? []) {
    const member = properties?.[name];
    if (member) members[name] = exampleOf(document, member, depth + 1);
  }
  return members;
}

/** What is filled in to try an operation. */
export type Filled = { values: Record<string, string>; body: string };

/** The path of an operation with its parameters filled in; those of the path stay as they are when empty. */
export function addressOf({ path, parameters }: Operation, values: Record<string, string>): string {
  const filled = path.replaceAll(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    return value ? encodeURIComponent(value) : whole;
  });
  const query = new URLSearchParams();
  for (const { name, in: place } of parameters) {
    if (place === "query" && values[name]) query.set(name, values[name]);
  }
  return query.size > 0 ? `${filled}?${query}` : filled;
}

/** The operation as a curl command; the key is left for the reader to fill in. */
export function curlOf(operation: Operation, { values, body }: Filled, origin: string): string {
  const parts = [`curl -s -X ${operation.method} ${quoted(origin + addressOf(operation, values))}`];
  if (operation.permission) parts.push('-H "Authorization: Bearer $KEY"');
  if (operation.body) {
    parts.push(`-H ${quoted(`Content-Type: ${operation.body.contentType}`)}`);
    if (body) parts.push(`-d ${quoted(body)}`);
  }
  return parts.join(" \\\n  ");
}

/** A text as one word of a shell. */
function quoted(text: string): string {
  return /^[\w:/.?=&%-]+$/.test(text) && !/[?&]/.test(text)
    ? text
    : `'${text.replaceAll("'", `'\\''`)}'`;
}
