import type { Json, JsonSchema, Settings } from "./model";

/** A setting's value in a form that can be shown without knowing its schema. */
export type SettingValue =
  | { kind: "unset"; fallback?: string }
  | { kind: "secret" }
  | { kind: "text"; text: string }
  | { kind: "code"; text: string }
  | { kind: "list"; items: SettingValue[] }
  | { kind: "group"; rows: SettingRow[] };

export type SettingRow = {
  key: string;
  title: string;
  description?: string;
  required: boolean;
  value: SettingValue;
};

/**
 * The settings of a node in the order of its schema, then those the schema does
 * not know. Settings that are neither set nor required are left out.
 */
export function settingRows(schema: JsonSchema, settings: Settings): SettingRow[] {
  return rowsOf(schema, settings, schema);
}

/** Words for a key that has no title: "has_header" is "Has header". */
export function titleOf(key: string): string {
  const words = key
    .replace(/[_-]+/g, " ")
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function rowsOf(schema: JsonSchema, object: Settings, root: JsonSchema): SettingRow[] {
  const resolved = resolve(schema, object, root);
  const properties = resolved.properties ?? {};
  const required = new Set(resolved.required ?? []);
  const unknown = Object.keys(object).filter((key) => !(key in properties));
  return [...Object.keys(properties), ...unknown]
    .filter((key) => object[key] !== undefined || required.has(key))
    .map((key) => rowOf(key, properties[key] ?? {}, object[key], required.has(key), root));
}

function rowOf(
  key: string,
  declared: JsonSchema,
  value: Json | undefined,
  required: boolean,
  root: JsonSchema,
): SettingRow {
  const schema = resolve(declared, value, root);
  return {
    key,
    title: schema.title ?? titleOf(key),
    ...(schema.description ? { description: schema.description } : {}),
    required,
    value: readValue(schema, value, root),
  };
}

function readValue(schema: JsonSchema, value: Json | undefined, root: JsonSchema): SettingValue {
  if (value === undefined || value === null || value === "") {
    return schema.default === undefined || schema.default === null
      ? { kind: "unset" }
      : { kind: "unset", fallback: scalarText(schema, schema.default) };
  }
  if (schema.writeOnly || schema.format === "password") return { kind: "secret" };
  if (Array.isArray(value)) {
    return { kind: "list", items: value.map((item) => itemOf(schema.items ?? {}, item, root)) };
  }
  if (typeof value === "object") return { kind: "group", rows: rowsOf(schema, value, root) };
  const text = scalarText(schema, value);
  return text.includes("\n") || isCode(schema) ? { kind: "code", text } : { kind: "text", text };
}

function itemOf(declared: JsonSchema, item: Json, root: JsonSchema): SettingValue {
  return readValue(resolve(declared, item, root), item, root);
}

function isCode(schema: JsonSchema): boolean {
  return ["sql", "python", "code", "expression"].includes(schema.format ?? "");
}

function scalarText(schema: JsonSchema, value: Json): string {
  const choice = (schema.oneOf ?? []).find((one) => one.const === value);
  if (choice?.title) return choice.title;
  if (typeof value === "boolean") return value ? "Yes" : "No";
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Follows $ref, and picks the branch of a oneOf or anyOf that fits the value. */
function resolve(schema: JsonSchema, value: Json | undefined, root: JsonSchema): JsonSchema {
  const target = schema.$ref ? { ...lookUp(schema.$ref, root), ...withoutRef(schema) } : schema;
  const branches = target.oneOf ?? target.anyOf;
  if (!branches || typeof value !== "object" || value === null || Array.isArray(value)) {
    return target;
  }
  const branch = branches
    .map((one) => resolve(one, undefined, root))
    .find((one) => fits(one, value));
  if (!branch) return target;
  return {
    ...target,
    ...branch,
    properties: { ...target.properties, ...branch.properties },
    required: [...(target.required ?? []), ...(branch.required ?? [])],
  };
}

function withoutRef(schema: JsonSchema): JsonSchema {
  const { $ref: _, ...rest } = schema;
  return rest;
}

function lookUp(ref: string, root: JsonSchema): JsonSchema {
  return root.$defs?.[ref.replace("#/$defs/", "")] ?? {};
}

function fits(branch: JsonSchema, value: Settings): boolean {
  const marks = Object.entries(branch.properties ?? {}).filter(
    ([, one]) => one.const !== undefined,
  );
  return marks.length > 0 && marks.every(([key, one]) => one.const === value[key]);
}
