import type { JsonSchema } from "../../lib/model";

/** Parts of a document as forms. Its names are the document's; the words are for people. */

export const about: JsonSchema = {
  properties: {
    name: { type: "string", title: "Name" },
    description: { type: "string", title: "Description", format: "long-text" },
    tags: { type: "array", title: "Tags", items: { type: "string" } },
    enabled: {
      type: "boolean",
      title: "Enabled",
      default: true,
      description: "Off, neither schedules nor triggers start runs.",
    },
  },
  required: ["name"],
};

export function limits(pools: string[]): JsonSchema {
  return {
    properties: {
      max_active_runs: {
        type: "integer",
        title: "Runs at once",
        minimum: 0,
        maximum: 1000,
        description: "0, or nothing, is any number.",
      },
      overlap: {
        type: "string",
        title: "When they are reached",
        enum: ["queue", "skip", "cancel_previous"],
        default: "queue",
        description: "A further run waits, does not start, or ends the oldest.",
      },
      priority: {
        type: "integer",
        title: "Priority",
        minimum: -1000,
        maximum: 1000,
        default: 0,
        description: "Runs with a higher one start first.",
      },
      pool: {
        type: "string",
        title: "Pool",
        examples: pools,
        description: "Runs share its slots with those of other pipelines.",
      },
      label: {
        type: "string",
        title: "Label",
        description: "Only processes that have it execute the runs.",
      },
      on_restart: {
        type: "string",
        title: "When the server stops",
        enum: ["resume", "restart", "fail"],
        default: "resume",
        description: "A run goes on, begins anew, or fails.",
      },
    },
  };
}

const paramTypes = ["text", "integer", "number", "boolean", "date", "timestamp"];

export const parameters: JsonSchema = {
  properties: {
    params: {
      type: "object",
      title: "Values",
      description: "What runs use unless they are given something else.",
      additionalProperties: { type: "string" },
    },
    parameters: {
      type: "object",
      title: "Types",
      description: "Which values are taken. Without any, all are.",
      additionalProperties: {
        type: "object",
        properties: {
          type: { type: "string", title: "Type", enum: paramTypes, default: "text" },
          description: { type: "string", title: "What it is for" },
          required: { type: "boolean", title: "Must be given", default: false },
          one_of: { type: "array", title: "One of", items: { type: "string" } },
        },
        additionalProperties: false,
      },
    },
  },
};

export const dependencies: JsonSchema = {
  properties: {
    depends_on: {
      type: "array",
      title: "Waits for the last success of",
      items: { type: "string", format: "pipeline" },
    },
    dependency_rules: {
      type: "array",
      title: "Rules",
      description: "The same with more to say. A rule counts instead of what stands above.",
      items: {
        type: "object",
        properties: {
          pipeline_id: { type: "string", title: "Pipeline", format: "pipeline" },
          mode: {
            type: "string",
            title: "Mode",
            enum: ["gate", "trigger"],
            default: "gate",
            description: "Runs wait for it, or each of its runs starts one.",
          },
          state: {
            type: "string",
            title: "Its run has",
            enum: ["succeeded", "completed", "failed"],
            default: "succeeded",
          },
          within_seconds: {
            type: "integer",
            title: "At most so long ago",
            minimum: 0,
            description: "Seconds, of a gate.",
          },
          paused: { type: "boolean", title: "Paused", default: false },
        },
        required: ["pipeline_id"],
        additionalProperties: false,
      },
    },
    dependency_timeout_seconds: {
      type: "integer",
      title: "Longest wait",
      minimum: 0,
      default: 86400,
      description: "Seconds after which a run that waits is blocked.",
    },
  },
};

const watched: JsonSchema["properties"] = {
  name: { type: "string", title: "Name", minLength: 1 },
};

const startedWith: JsonSchema["properties"] = {
  paused: { type: "boolean", title: "Paused", default: false },
  params: {
    type: "object",
    title: "Parameters of its runs",
    additionalProperties: { type: "string" },
  },
};

export const triggers: JsonSchema = {
  properties: {
    triggers: {
      type: "array",
      title: "Runs start when",
      items: {
        type: "object",
        oneOf: [
          {
            title: "Files arrive",
            properties: {
              type: { type: "string", enum: ["file"] },
              ...watched,
              conn_id: {
                type: "string",
                title: "Connection",
                description: "To where the files are; the server's disk when empty.",
                format: "connection",
                "x-connection-types": ["s3", "gcs", "azure_blob", "sftp"],
              },
              path: {
                type: "string",
                title: "Path",
                description: "A file, or a pattern such as in/*.csv.",
              },
              stable_for: {
                type: "string",
                title: "Unchanged for",
                default: "10s",
                description: "So long a file must stay as it is.",
              },
              existing: {
                type: "boolean",
                title: "Also files that are there already",
                default: false,
              },
              every: {
                type: "string",
                title: "Looked at every",
                description: "With a connection, such as 5m; 1m when empty.",
              },
              ...startedWith,
            },
            required: ["type", "name", "path"],
            additionalProperties: false,
          },
          {
            title: "Contacts change",
            properties: {
              type: { type: "string", enum: ["contacts"] },
              ...watched,
              product: { type: "string", title: "Product", enum: ["recruiting", "retention"] },
              events: {
                type: "array",
                title: "Events",
                description: "created and updated when there are none.",
                items: { type: "string", enum: ["created", "updated", "deleted"] },
              },
              quiet_for: { type: "string", title: "Quiet for", default: "10s" },
              at_most: { type: "string", title: "Waits at most", default: "5m" },
              ...startedWith,
            },
            required: ["type", "name"],
            additionalProperties: false,
          },
        ],
      },
    },
  },
};

export function deadline(zones: string[]): JsonSchema {
  return {
    properties: {
      sla_deadline: {
        type: "string",
        title: "Must have succeeded by",
        description: "A time of day, such as 07:30. When it is missed, an issue is opened.",
      },
      sla_timezone: { type: "string", title: "Time zone", default: "UTC", examples: zones },
    },
  };
}

const hook: JsonSchema = {
  type: "object",
  properties: {
    type: { type: "string", title: "By", enum: ["webhook", "slack", "teams", "email"] },
    url: { type: "string", title: "Address", description: "Of all but e-mail." },
    enabled: { type: "boolean", title: "On", default: true },
    extra: {
      title: "More",
      description: 'Of e-mail: {"to": ["ann@example.com"]}. Of Slack: {"channel": "#data"}.',
    },
  },
  required: ["type", "enabled"],
  additionalProperties: false,
};

export const hooks: JsonSchema = {
  properties: {
    hooks: {
      type: "object",
      title: "What is told to whom",
      propertyNames: { examples: ["on_start", "on_success", "on_failure", "on_node_failure"] },
      additionalProperties: hook,
    },
    webhook_url: {
      type: "string",
      title: "Address that is told of every end",
      description: "By a webhook.",
    },
  },
};
