import { expect, test } from "vitest";
import type { PipelineHealth } from "../../lib/model";
import { filterPipelines, tagsOf } from "./filter";

function pipeline(name: string, tags: string[] | null = null): PipelineHealth {
  return {
    id: name,
    pipeline_id: name,
    name,
    description: "",
    schedule: "",
    enabled: true,
    draft: false,
    tags,
    node_count: 1,
    edge_count: 0,
    created_at: "",
    updated_at: "",
    runs_total: 0,
    runs_success: 0,
    runs_failed: 0,
    runs_running: 0,
    recent: null,
  };
}

const all = [pipeline("Orders nightly", ["sales"]), pipeline("Customers", ["crm", "sales"])];

test.each([
  ["", undefined, ["Customers", "Orders nightly"]],
  ["NIGHT orders", undefined, ["Orders nightly"]],
  ["sales cust", undefined, ["Customers"]],
  ["", "crm", ["Customers"]],
  ["nothing", undefined, []],
])("words %j and tag %j", (words, tag, names) => {
  expect(filterPipelines(all, words, tag).map((one) => one.name)).toEqual(names);
});

test("tags are named once, in order", () => {
  expect(tagsOf([...all, pipeline("x")])).toEqual(["crm", "sales"]);
});
