import type { JsonSchema, Problem, Settings } from "../../lib/model";

type Sample = { schema: JsonSchema; value: Settings; problems: Problem[] };

const everyField: JsonSchema = {
  type: "object",
  properties: {
    name: { type: "string", title: "Text", description: "What it is called.", minLength: 1 },
    message: { type: "string", title: "Long text", format: "long-text" },
    quote: { type: "string", title: "Text with a default", default: '"' },
    rows: { type: "integer", title: "Whole number", minimum: 0, maximum: 100, default: 10 },
    rate: { type: "number", title: "Number", description: "Any number." },
    header: { type: "boolean", title: "Yes or no", default: true },
    mode: { type: "string", title: "Choice", enum: ["append", "overwrite"], default: "append" },
    key: { type: "string", title: "Column", format: "column" },
    condition: { type: "string", title: "Expression", format: "expression" },
    query: { type: "string", title: "SQL", format: "sql" },
    password: { type: "string", title: "Secret", format: "password", "x-secrets": true },
    columns: {
      type: "array",
      title: "List of columns",
      items: { type: "string", format: "column" },
    },
    types: {
      type: "object",
      title: "Map",
      propertyNames: { format: "column" },
      additionalProperties: { type: "string", enum: ["text", "integer"] },
    },
    limits: {
      type: "object",
      title: "Group",
      properties: { most: { type: "integer" }, least: { type: "integer" } },
      additionalProperties: false,
    },
    body: { title: "Any JSON", description: "An object, a list, or text as it is." },
    keep: { type: "boolean", title: "Keep the rows", default: false, "x-every-node": true },
    rules: {
      type: "array",
      title: "List of forms",
      items: {
        type: "object",
        oneOf: [
          {
            type: "object",
            title: "Filter rows",
            description: "Keep the rows for which the condition is true.",
            properties: {
              type: { type: "string", enum: ["filter_rows", "filter"] },
              condition: { type: "string", title: "Condition", format: "expression" },
            },
            required: ["type", "condition"],
          },
          {
            type: "object",
            title: "Sort",
            properties: {
              type: { type: "string", enum: ["sort"] },
              column: { type: "string", title: "Column", format: "column" },
              ascending: { type: "boolean", title: "Ascending", default: true },
            },
            required: ["type"],
          },
        ],
      },
    },
  },
  required: ["name", "condition"],
  additionalProperties: false,
};

/** Forms with values and problems of every sort. */
export const samples: Record<string, Sample> = {
  "every field": { schema: everyField, value: {}, problems: [] },
  "every problem": {
    schema: everyField,
    value: {
      name: "",
      rows: "1o",
      rate: "a lot",
      header: "yes",
      mode: "apend",
      key: "amonut",
      condition: "amonut > 100",
      columns: ["country", "contry"],
      types: { contry: "text", id: "txt" },
      rules: [
        { type: "filter", condition: "created_ta is null" },
        { type: "sotr", column: "id" },
      ],
      limits: { most: 1, leats: 2 },
      modus: "append",
      _note: "of another program",
    },
    problems: [
      { path: "name", message: "must not be empty" },
      { path: "rows", message: "must be a number, not text" },
      { path: "header", message: "must be true or false, not text" },
      {
        path: "mode",
        message: 'must be one of append, overwrite, not "apend" (did you mean "append"?)',
      },
      { path: "key", message: 'there is no column "amonut" (did you mean "amount"?)' },
      {
        path: "condition",
        message: 'there is no column "amonut" (did you mean "amount"?); there are: id, amount',
      },
      { path: "columns[1]", message: 'there is no column "contry" (did you mean "country"?)' },
      { path: "types.contry", message: 'there is no column "contry" (did you mean "country"?)' },
      {
        path: "types.id",
        message: 'must be one of text, integer, not "txt" (did you mean "text"?)',
      },
      {
        path: "rules[0].condition",
        message: 'there is no column "created_ta" (did you mean "created_at"?)',
      },
      {
        path: "rules[1].type",
        message: 'must be one of filter_rows, sort, not "sotr" (did you mean "sort"?)',
      },
      { path: "limits.leats", message: 'is not a setting here (did you mean "least"?)' },
      { path: "modus", message: 'is not a setting here (did you mean "mode"?)' },
      { path: "", message: "either query or condition is needed" },
    ],
  },
};

/** A document with something of everything that is not its graph. */
export const pipeline: Settings = {
  name: "Late flights",
  description: "",
  tags: ["flights"],
  enabled: true,
  schedule: "30 6 * * 1-5",
  schedule_timezone: "America/New_York",
  schedules: [{ name: "month-end", cron: "0 6 1 * *", paused: true, params: { month: "all" } }],
  max_active_runs: 2,
  params: { month: "2026-02" },
  parameters: { month: { type: "text", required: true } },
  dependency_rules: [{ pipeline_id: "orders", mode: "trigger", of_later: 1 }],
  hooks: {
    on_failure: { type: "email", url: "", enabled: true, extra: { to: ["ann@example.com"] } },
  },
  sla_deadline: "07:30",
};

export const pipelineProblems: Problem[] = [
  { path: "name", message: "is missing: a pipeline needs a name" },
  { path: "schedule", message: "is not a schedule of five fields" },
  { path: "schedules[0].timezone", message: "there is no time zone Mars/X" },
  { path: "overlap", message: "must be queue, skip or cancel_previous" },
  { path: "parameters.month.type", message: "must be text, integer or number" },
  { path: "dependency_rules[0].pipeline_id", message: "a pipeline cannot depend on itself" },
  { path: "hooks.on_failure.extra.to", message: "names nobody, so nobody is told" },
  { path: "sla_deadline", message: "must be a time such as 07:30" },
  { path: "nodes[0].id", message: "is missing" },
];
