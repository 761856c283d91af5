import { expect, test } from "vitest";
import { groupPermissions, toggleAll } from "./permissions";

function permission(name: string) {
  return { name, group: name.split(".")[0] ?? "", summary: "" };
}

test("permissions of a group stand together even when the server lists them apart", () => {
  const groups = groupPermissions(["runs.view", "pipelines.run", "runs.cancel"].map(permission));
  expect(groups.map(({ group, permissions }) => [group, permissions.length])).toEqual([
    ["runs", 2],
    ["pipelines", 1],
  ]);
});

test("a group is taken or left as a whole, and nothing is chosen twice", () => {
  expect(toggleAll(["a", "b"], ["b", "c"], true)).toEqual(["a", "b", "c"]);
  expect(toggleAll(["a", "b", "c"], ["b", "c"], false)).toEqual(["a"]);
});
