import type { Json, JsonSchema, Settings } from "./model";

/** A setting's value in a form that can be shown without knowing its schema. */
export type SettingValue =
  | { kind: "unset"; fallback?: string }
  | { kind: "secret" }
  | { kind: "text"; text: string }
  | { kind: "code"; text: string }
  | { kind: "list"; items: SettingValue[] }
  | { kind: "group"; title?: string; rows: SettingRow[] };

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
  const properties = schema.properties ?? {};
  const required = new Set(schema.required ?? []);
  const others = Object.keys(settings).filter((key) => !(key in properties));
  return [...Object.keys(properties), ...others]
    .filter((key) => settings[key] !== undefined || required.has(key))
    .map((key) => settingRow(schema, key, settings[key], required.has(key)));
}

/** Words for a key that has no title: "has_header" is "Has header". */
export function titleOf(key: string): string {
  const words = key
    .replace(/[_-]+/g, " ")
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function settingRow(
  parent: JsonSchema,
  key: string,
  value: Json | undefined,
  required: boolean,
): SettingRow {
  const free = parent.additionalProperties;
  const declared = parent.properties?.[key];
  const schema = declared ?? (typeof free === "object" ? free : {});
  // The keys of an object with free names are data, such as column names, and stay as they are.
  const title = schema.title ?? (declared || typeof free !== "object" ? titleOf(key) : key);
  return {
    key,
    title,
    ...(schema.description ? { description: schema.description } : {}),
    required,
    value: readValue(schema, value),
  };
}

function readValue(schema: JsonSchema, value: Json | undefined): SettingValue {
  if (value === undefined || value === null || value === "") return unset(schema);
  if (schema.writeOnly || schema.format === "password") return { kind: "secret" };
  if (Array.isArray(value)) {
    return { kind: "list", items: value.map((item) => readValue(schema.items ?? {}, item)) };
  }
  if (typeof value === "object") return readGroup(schema, value);
  const text = scalarText(value);
  return text.includes("\n") || isCode(schema) ? { kind: "code", text } : { kind: "text", text };
}

/** An object; of one that takes several forms, the form it takes, named by its title instead of its tag. */
function readGroup(schema: JsonSchema, value: Settings): SettingValue {
  const variant = schema.oneOf?.find((one) => tagKey(one, value) !== undefined);
  if (!variant) return { kind: "group", rows: settingRows(schema, value) };
  const tag = tagKey(variant, value);
  const rows = settingRows(variant, value).filter((row) => row.key !== tag);
  return { kind: "group", title: variant.title ?? titleOf(String(value[tag ?? ""])), rows };
}

/** The member by which value takes the form of variant; undefined when it does not. */
function tagKey(variant: JsonSchema, value: Settings): string | undefined {
  const tags = Object.entries(variant.properties ?? {}).filter(
    ([key, one]) => (variant.required ?? []).includes(key) && (one.enum || one.const !== undefined),
  );
  return tags.find(([key, one]) => {
    const given = value[key];
    return given !== undefined && (one.const === given || one.enum?.includes(given));
  })?.[0];
}

function unset(schema: JsonSchema): SettingValue {
  const fallback = schema.default;
  return fallback === undefined || fallback === null || fallback === ""
    ? { kind: "unset" }
    : { kind: "unset", fallback: scalarText(fallback) };
}

function isCode(schema: JsonSchema): boolean {
  return ["sql", "python", "code", "expression"].includes(schema.format ?? "");
}

function scalarText(value: Json): string {
  if (typeof value === "boolean") return value ? "Yes" : "No";
  return typeof value === "string" ? value : JSON.stringify(value);
}
