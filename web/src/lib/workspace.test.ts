import { afterEach, expect, test, vi } from "vitest";
import { get } from "./api";
import { inWorkspace, selectedWorkspace, selectWorkspace } from "./workspace";

afterEach(() => vi.unstubAllGlobals());

function browser(): { headers: (string | null)[] } {
  const kept = new Map<string, string>();
  const headers: (string | null)[] = [];
  vi.stubGlobal("sessionStorage", {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
    removeItem: (key: string) => kept.delete(key),
  });
  vi.stubGlobal("fetch", (_: string, init: { headers: Headers }) => {
    headers.push(init.headers.get("X-Workspace-ID"));
    return Promise.resolve(new Response("{}"));
  });
  return { headers };
}

test("addresses name a workspace only when one is selected", () => {
  expect(inWorkspace("/api/events", "")).toBe("/api/events");
  expect(inWorkspace("/api/events", "north")).toBe("/api/events?workspace=north");
  expect(inWorkspace("/api/runs?limit=5", "north")).toBe("/api/runs?limit=5&workspace=north");
});

test("requests name the selected workspace until it is forgotten", async () => {
  const { headers } = browser();
  await get("/api/runs");
  selectWorkspace("north");
  expect(selectedWorkspace()).toBe("north");
  await get("/api/runs");
  selectWorkspace("");
  await get("/api/runs");
  expect(headers).toEqual([null, "north", null]);
});
