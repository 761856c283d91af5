import { expect, test } from "vitest";
import type { JsonSchema, NodeType } from "../../lib/model";
import nodeTypes from "../../lib/node-types.json";
import { blankOf, type Control, type Field, fieldsOf, fits, sectionsOf } from "./fields";

const kinds = nodeTypes as unknown as NodeType[];

/** Every setting of a schema, with those inside others, by its path. */
function all(fields: Field[], path: string): [string, Field][] {
  return fields.flatMap((field) => {
    const here = `${path}.${field.key}`;
    return [[here, field] as [string, Field], ...inside(field.control, here)];
  });
}

function inside(control: Control, path: string): [string, Field][] {
  switch (control.kind) {
    case "list":
      return all([control.items], `${path}[]`);
    case "map":
      return all([control.values], `${path}.*`);
    case "group":
      return all(control.fields, path);
    case "forms":
      return control.forms.flatMap((form) => all(form.fields, `${path}(${form.tag})`));
    default:
      return [];
  }
}

const settings = kinds.flatMap(({ type, schema }) => all(fieldsOf(schema), type));

test("every setting of every kind has a field of its own, in the order of its schema", () => {
  expect(kinds.length).toBeGreaterThan(30);
  for (const { type, schema } of kinds) {
    expect(
      fieldsOf(schema).map(({ key }) => key),
      type,
    ).toEqual(Object.keys(schema.properties ?? {}));
  }
});

test("only settings that take any JSON are edited as JSON", () => {
  const any = settings.filter(([, { control }]) => control.kind === "any").map(([path]) => path);
  expect(any.map((path) => path.replace(/\(\w+\)/g, "()"))).toMatchInlineSnapshot(`
    [
      "quality_check.rules[].().params.min",
      "quality_check.rules[].().params.max",
      "quality_check.rules[].().params.min",
      "quality_check.rules[].().params.max",
      "quality_check.rules[].().params.min",
      "quality_check.rules[].().params.max",
      "quality_check.rules[].().params.max_hours",
      "quality_check.rules[].().params.values[].",
      "quality_check.checks[].().params.min",
      "quality_check.checks[].().params.max",
      "quality_check.checks[].().params.min",
      "quality_check.checks[].().params.max",
      "quality_check.checks[].().params.min",
      "quality_check.checks[].().params.max",
      "quality_check.checks[].().params.max_hours",
      "quality_check.checks[].().params.values[].",
      "sink_api.body_template",
      "source_api.params.*.",
      "source_api.body",
      "source_webhook.example",
      "transform.rules[].().mapping.*.",
    ]
  `);
});

test("every form of an object is told apart by its tag", () => {
  const forms = settings.filter(([, { control }]) => control.kind === "forms");
  expect(forms.map(([path]) => path)).toEqual([
    "quality_check.rules[].",
    "quality_check.checks[].",
    "source_api.pagination",
    "transform.rules[].",
  ]);
  for (const [path, { control }] of forms) {
    if (control.kind !== "forms") continue;
    expect(control.forms.length, path).toBeGreaterThan(3);
    for (const form of control.forms) expect(form.tag, path).not.toBe("");
  }
});

test("columns are offered where a setting names one", () => {
  const columns = settings
    .filter(([, { control }]) => control.kind === "text" && control.offers.from === "columns")
    .map(([path]) => path);
  expect(columns).toContain("aggregate.group_by[].");
  expect(columns).toContain("join.left_key");
  const names = settings
    .filter(([, { control }]) => control.kind === "map" && control.names.from === "columns")
    .map(([path]) => path);
  expect(names).toEqual([
    "project.rename",
    "source_api.types",
    "source_file.types",
    "source_webhook.types",
    "transform.rules[].(rename_columns).mapping",
    "transform.rules[].(convert_types).mapping",
  ]);
});

test("a new entry of any list fits its field", () => {
  for (const [path, field] of settings) {
    if (field.control.kind !== "list") continue;
    const { items } = field.control;
    expect(fits(items.control, blankOf(items)), path).toBe(true);
  }
});

test("a script is in the language that is set beside it", () => {
  const schema = kinds.find(({ type }) => type === "code")?.schema ?? {};
  const languageIn = (settings: { language?: string }) =>
    fieldsOf(schema, settings).find(({ key }) => key === "script")?.control;
  expect(languageIn({})).toEqual({ kind: "code", language: "python" });
  expect(languageIn({ language: "javascript" })).toEqual({ kind: "code", language: "javascript" });
});

test("what is wrong for its field does not fit it", () => {
  expect(fits({ kind: "switch" }, "yes")).toBe(false);
  expect(fits({ kind: "switch" }, undefined)).toBe(true);
  expect(fits({ kind: "number", whole: true }, "1o")).toBe(true);
  expect(fits({ kind: "number", whole: true }, [])).toBe(false);
  expect(fits({ kind: "choice", values: [] }, 7)).toBe(false);
  expect(fits({ kind: "any" }, null)).toBe(true);
});

const long: JsonSchema = {
  properties: Object.fromEntries(
    Array.from({ length: 14 }, (_, at) => [
      `s${at}`,
      { type: "string", ...(at === 1 ? { deprecated: true } : {}) },
    ]),
  ),
  required: ["s13"],
};

test("a long form begins with what is required, set, or first", () => {
  const keysOf = (fields: Field[]) => fields.map(({ key }) => key);
  const { first, more } = sectionsOf(fieldsOf(long), (key) => key === "s11");
  expect(keysOf(first)).toEqual(["s0", "s2", "s3", "s4", "s5", "s6", "s11", "s13"]);
  expect(keysOf(more)).toEqual(["s7", "s8", "s9", "s10", "s12"]);
  const old = sectionsOf(fieldsOf(long), (key) => key === "s1");
  expect(keysOf(old.first)).toContain("s1");
});

test("settings of every node come apart from those of the kind", () => {
  const schema = kinds.find(({ type }) => type === "filter")?.schema ?? {};
  const { first, everyNode } = sectionsOf(fieldsOf(schema), () => false);
  expect(first.map(({ key }) => key)).toEqual(["condition"]);
  expect(everyNode.map(({ key }) => key)).toEqual([
    "max_retries",
    "retry_delay",
    "retry_backoff",
    "timeout",
    "on_failure",
    "keep",
  ]);
});
