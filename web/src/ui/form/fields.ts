import type { Json, JsonSchema, Settings } from "../../lib/model";
import { titleOf } from "../../lib/settings";

/** How a setting is edited, and the part of its schema that this takes. */
export type Control =
  | { kind: "text"; lines: boolean; offers: Offers; mayBeEmpty: boolean }
  | { kind: "secret" }
  | { kind: "code"; language: Language }
  | { kind: "number"; whole: boolean; min?: number; max?: number }
  | { kind: "switch" }
  | { kind: "choice"; values: string[] }
  | { kind: "list"; items: Field }
  | { kind: "map"; names: Offers; values: Field }
  | { kind: "group"; fields: Field[]; free: Field | undefined }
  | { kind: "forms"; tag: string; forms: Form[] }
  | { kind: "any" };

/** What is offered while a text is written; anything else may be written as well. */
export type Offers =
  | {
      from: "columns";
      /** The one of several inputs whose columns are meant; 0 is the first. */
      input?: number;
    }
  | { from: "pipelines" }
  | {
      from: "connections";
      /** Those that are meant; none are all. */
      types: string[];
    }
  | { from: "values"; values: string[] }
  | { from: "nothing" };

export type Language = "expression" | "sql" | "python" | "javascript" | "shell";

/** One setting of a form. */
export type Field = {
  key: string;
  title: string;
  help: string;
  required: boolean;
  fallback: Json | undefined;
  /** It is taken and no longer offered. */
  old: boolean;
  /** Nodes of all kinds have it. */
  everyNode: boolean;
  /** Secrets may stand in it. */
  secrets: boolean;
  control: Control;
};

/** One of the forms that an object takes, told apart by the value of its tag. */
export type Form = { tag: string; aliases: string[]; title: string; help: string; fields: Field[] };

/** The settings of an object in the order of its schema; siblings is what it says now. */
export function fieldsOf(schema: JsonSchema, siblings: Settings = {}): Field[] {
  const required = new Set(schema.required ?? []);
  return Object.entries(schema.properties ?? {}).map(([key, one]) =>
    fieldOf(key, one, required.has(key), siblings),
  );
}

/** A setting by its schema. */
export function fieldOf(
  key: string,
  schema: JsonSchema,
  required: boolean,
  siblings: Settings = {},
): Field {
  return {
    key,
    title: schema.title ?? titleOf(key),
    help: schema.description ?? "",
    required,
    fallback: schema.default,
    old: schema.deprecated ?? false,
    everyNode: schema["x-every-node"] ?? false,
    secrets: schema["x-secrets"] ?? false,
    control: controlOf(key, schema, siblings),
  };
}

function controlOf(key: string, schema: JsonSchema, siblings: Settings): Control {
  switch (schema.type) {
    case "string":
      return textControl(key, schema, siblings);
    case "integer":
    case "number":
      return {
        kind: "number",
        whole: schema.type === "integer",
        ...(schema.minimum === undefined ? {} : { min: schema.minimum }),
        ...(schema.maximum === undefined ? {} : { max: schema.maximum }),
      };
    case "boolean":
      return { kind: "switch" };
    case "array":
      return { kind: "list", items: fieldOf("", schema.items ?? {}, true) };
    case "object":
      return objectControl(schema, siblings);
    default:
      return { kind: "any" };
  }
}

function textControl(key: string, schema: JsonSchema, siblings: Settings): Control {
  if (schema.enum) return { kind: "choice", values: schema.enum.map(String) };
  const language = languageOf(schema.format, siblings);
  if (language) return { kind: "code", language };
  if (schema.writeOnly || schema.format === "password") return { kind: "secret" };
  // Where there is a default and empty text means something else, it has to be written.
  const mayBeEmpty = Boolean(schema.default) && !schema.minLength;
  return {
    kind: "text",
    lines: schema.format === "long-text",
    offers: offersOf(schema, key),
    mayBeEmpty,
  };
}

function languageOf(format: string | undefined, { language }: Settings): Language | undefined {
  switch (format) {
    case "expression":
    case "sql":
      return format;
    case "python":
      return language === "javascript" ? "javascript" : "python";
    case "code":
      return "shell";
    default:
      return undefined;
  }
}

function offersOf(schema: JsonSchema, key = ""): Offers {
  const { format, examples } = schema;
  if (format === "column") return { from: "columns", ...sideOf(key) };
  if (format === "pipeline") return { from: "pipelines" };
  if (format === "connection")
    return { from: "connections", types: schema["x-connection-types"] ?? [] };
  return examples?.length ? { from: "values", values: examples.map(String) } : { from: "nothing" };
}

/** Of two inputs the first is the left one, as settings are called. */
function sideOf(key: string): { input?: number } {
  const side = /^(left|right)(_|$)/.exec(key)?.[1];
  return side ? { input: side === "left" ? 0 : 1 } : {};
}

function objectControl(schema: JsonSchema, siblings: Settings): Control {
  const tag = schema.oneOf && tagOf(schema.oneOf);
  if (schema.oneOf && tag) {
    return { kind: "forms", tag, forms: schema.oneOf.map((one) => formOf(one, tag)) };
  }
  const values = schema.additionalProperties;
  const free = typeof values === "object" ? fieldOf("", values, true) : undefined;
  if (schema.properties) return { kind: "group", fields: fieldsOf(schema, siblings), free };
  if (!free) return { kind: "any" };
  return { kind: "map", names: offersOf(schema.propertyNames ?? {}), values: free };
}

/** The member by which the forms of an object are told apart: required in all, with values of its own in each. */
function tagOf(forms: JsonSchema[]): string | undefined {
  const [first] = forms;
  return Object.keys(first?.properties ?? {}).find((key) =>
    forms.every(
      (form) => form.required?.includes(key) && valuesOf(form.properties?.[key]).length > 0,
    ),
  );
}

function formOf(schema: JsonSchema, tag: string): Form {
  const [first = "", ...aliases] = valuesOf(schema.properties?.[tag]).map(String);
  return {
    tag: first,
    aliases,
    title: titleOf(schema.title ?? first),
    help: schema.description ?? "",
    fields: fieldsOf(schema).filter((field) => field.key !== tag),
  };
}

function valuesOf(schema: JsonSchema | undefined): Json[] {
  return schema?.enum ?? (schema?.const === undefined ? [] : [schema.const]);
}

/** What is edited as it stands, whether it is what the schema asks for or not. */
export function fits(control: Control, value: Json | undefined): boolean {
  if (value === undefined) return true;
  switch (control.kind) {
    case "text":
    case "secret":
    case "code":
    case "choice":
      return typeof value === "string";
    case "number":
      return typeof value === "number" || typeof value === "string";
    case "switch":
      return typeof value === "boolean";
    case "list":
      return Array.isArray(value);
    case "any":
      return true;
    default:
      return isObject(value);
  }
}

export function isObject(value: Json | undefined): value is Settings {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What a new entry of a list, or a new value of a map, begins with. */
export function blankOf({ control, fallback }: Field): Json {
  switch (control.kind) {
    case "switch":
      return fallback === true;
    case "choice":
      return control.values[0] ?? "";
    case "list":
      return [];
    case "map":
      return {};
    case "group":
      return blankGroup(control.fields);
    case "forms":
      return control.forms[0] ? blankForm(control.tag, control.forms[0]) : {};
    default:
      return "";
  }
}

/** A form with what it needs to say. */
export function blankForm(tag: string, form: Form): Settings {
  return { [tag]: form.tag, ...blankGroup(form.fields) };
}

/** Of the required settings those that have something to begin with, such as a choice. */
function blankGroup(fields: Field[]): Settings {
  const needed = fields.filter(
    ({ required, fallback, control: { kind } }) =>
      required && (kind === "choice" || (kind === "switch" && fallback === true)),
  );
  return Object.fromEntries(needed.map((field) => [field.key, blankOf(field)]));
}

/** How many settings a form shows before it asks whether more are wanted. */
const most = 8;

export type Sections = { first: Field[]; more: Field[]; everyNode: Field[] };

/**
 * The settings in the order in which people need them: those that are required or set and
 * the first of the others, then the rest, then those of every node. Old ones are left out
 * unless they are set.
 */
export function sectionsOf(fields: Field[], isSet: (key: string) => boolean): Sections {
  const shown = fields.filter(({ key, old }) => !old || isSet(key));
  const own = shown.filter(({ everyNode }) => !everyNode);
  const everyNode = shown.filter((field) => field.everyNode);
  if (own.length <= most + 1) return { first: own, more: [], everyNode };
  const needed = own.filter(({ key, required }) => required || isSet(key));
  const room = Math.max(0, most - needed.length);
  const others = own.filter((field) => !needed.includes(field));
  const first = new Set([...needed, ...others.slice(0, room)]);
  return {
    first: own.filter((field) => first.has(field)),
    more: own.filter((field) => !first.has(field)),
    everyNode,
  };
}
