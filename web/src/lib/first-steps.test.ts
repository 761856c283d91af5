import { expect, test } from "vitest";
import { followed, parsed } from "./first-steps";

test("the tour goes on with the pages that its person opens", () => {
  const first = { step: 1 } as const;
  expect(followed(first, "/")).toBe(first);
  expect(followed(first, "/pipelines")).toBe(first);
  expect(followed(first, "/pipelines/new")).toBe(first);
  const second = followed(first, "/pipelines/p%201");
  expect(second).toEqual({ step: 2, pipeline: "p 1" });
  expect(followed(second, "/runs")).toBe(second);
  const third = followed(second, "/runs/r1");
  expect(third).toEqual({ step: 3, pipeline: "p 1", run: "r1" });
  expect(followed(third, "/pipelines/p1")).toBe(third);
  expect(followed(third, "/pipelines/p1/edit")).toEqual({ step: 4, pipeline: "p1", run: "r1" });
});

test("what a browser kept is read, and nothing else", () => {
  expect(parsed('{"tour":{"step":2,"pipeline":"p1"},"done":true}')).toEqual({
    tour: { step: 2, pipeline: "p1" },
    done: true,
  });
  expect(parsed('{"tour":{"step":9},"done":"yes"}')).toEqual({});
  expect(parsed("half a th")).toEqual({});
  expect(parsed("null")).toEqual({});
});
