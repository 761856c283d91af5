import { expect, test } from "@playwright/test";
import { lookAtBoth } from "./check";
import { flights, health, recent } from "./fixtures";
import { refusal, serve } from "./server";

const long =
  "A very long name that somebody pasted from a ticket and nobody dared to shorten ".repeat(3);

test("the list shows names, tags and recent runs, and is searched by the URL", async ({ page }) => {
  await serve(page);
  await page.goto("/pipelines");
  await expect(page.getByRole("row")).toHaveCount(5);
  await lookAtBoth(page, "pipelines");
  await page.getByLabel("Search pipelines").fill("rain stat");
  await expect(page).toHaveURL("/pipelines?q=rain+stat");
  await expect(page.getByRole("row")).toHaveCount(2);
  await page.getByLabel("Search pipelines").fill("zebra");
  await expect(page.getByText("No pipeline fits")).toBeVisible();
  await lookAtBoth(page, "pipelines-no-fit");
});

test("an empty list offers the examples", async ({ page }) => {
  await serve(page, {
    "GET /api/pipelines/summary": { json: [] },
    "POST /api/pipelines": { status: 201, json: flights },
  });
  await page.goto("/pipelines");
  await expect(page.getByText("No pipelines yet")).toBeVisible();
  await lookAtBoth(page, "pipelines-empty");
  await page.getByRole("button", { name: "Start from an example" }).click();
  await expect(page.getByRole("button", { name: /Weather by month/ })).toBeVisible();
  await lookAtBoth(page, "pipelines-templates");
  await page.getByRole("button", { name: /Weather by month/ }).click();
  await expect(page).toHaveURL("/pipelines/p-flights");
});

test("the list is never blank while it loads", async ({ page }) => {
  await serve(page, { "GET /api/pipelines/summary": "never" });
  await page.goto("/pipelines");
  await expect(page.getByRole("status", { name: "Loading" })).toBeVisible();
  await lookAtBoth(page, "pipelines-loading");
});

test("who may not see pipelines is told so", async ({ page }) => {
  await serve(page, {
    "GET /api/pipelines/summary": refusal(403, "forbidden", "This needs pipelines.view."),
    "GET /api/auth/me/permissions": { json: [] },
  });
  await page.goto("/pipelines");
  await expect(page.getByText("Ask an administrator")).toBeVisible();
  await lookAtBoth(page, "pipelines-denied");
});

test("who may only look is offered nothing else", async ({ page }) => {
  await serve(page, { "GET /api/auth/me/permissions": { json: ["pipelines.view"] } });
  await page.goto("/pipelines");
  await expect(page.getByText("Weather by month")).toBeVisible();
  await expect(page.getByRole("button", { name: "Import" })).toHaveCount(0);
  await expect(page.getByRole("button", { name: /^Run / })).toHaveCount(0);
  await page.getByRole("button", { name: "More for Weather by month" }).click();
  await expect(page.getByRole("menuitem")).toHaveText(["Export as YAML"]);
});

test("long names and text from right to left stay in their place", async ({ page }) => {
  await serve(page, {
    "GET /api/pipelines/summary": {
      json: [
        health({
          id: "a",
          name: long,
          description: long,
          tags: ["one", long],
          recent: recent("success"),
        }),
        health({
          id: "b",
          name: "تأخيرات الرحلات حسب الناقل",
          description: "أي شركات الطيران تأخرت",
          tags: ["سفر"],
        }),
        health({ id: "c", name: "עיכובים לפי חברה (2026)", description: "" }),
      ],
    },
  });
  await page.goto("/pipelines");
  await expect(page.getByRole("row")).toHaveCount(4);
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - window.innerWidth,
  );
  expect(overflow).toBeLessThanOrEqual(0);
  await lookAtBoth(page, "pipelines-long-and-rtl");
});

test("deleting names what is destroyed", async ({ page }) => {
  await serve(page, { "DELETE /api/pipelines/p-flights": { status: 200 } });
  await page.goto("/pipelines");
  await page.getByRole("button", { name: "More for Flight delays by carrier" }).click();
  await page.getByRole("menuitem", { name: "Delete…" }).click();
  await expect(page.getByRole("dialog")).toContainText("its 412 runs");
  await lookAtBoth(page, "pipelines-delete");
  const sent = page.waitForRequest((request) => request.method() === "DELETE");
  await page.getByRole("button", { name: "Delete", exact: true }).click();
  await sent;
  await expect(page.getByText("was deleted")).toBeVisible();
});

test("deleting what others depend on asks what becomes of these", async ({ page }) => {
  const path = "/api/pipelines/p-flights";
  await serve(page, {
    [`DELETE ${path}`]: refusal(409, "pipeline_has_dependents", "2 pipelines depend on it"),
    [`GET ${path}/dependents`]: { json: [{ id: "p-2", name: "Report" }] },
    [`GET ${path}/impact`]: {
      json: {
        downstream: [
          { id: "p-3", name: "Archive" },
          { id: "p-2", name: "Report" },
        ],
      },
    },
  });
  await page.goto("/pipelines");
  await page.getByRole("button", { name: "More for Flight delays by carrier" }).click();
  await page.getByRole("menuitem", { name: "Delete…" }).click();
  await page.getByRole("button", { name: "Delete", exact: true }).click();
  await expect(page.getByRole("radio", { name: "Keep them" })).toBeChecked();
  await expect(page.getByRole("dialog")).toContainText("Archive, Report");
  await lookAtBoth(page, "pipelines-delete-dependents");
  await page.getByRole("radio", { name: "Delete them as well" }).check();
  await serve(page, { [`DELETE ${path}`]: { status: 204 } });
  const sent = page.waitForRequest((request) => request.method() === "DELETE");
  await page.getByRole("button", { name: "Delete all" }).click();
  expect(new URL((await sent).url()).search).toBe("?resolve=cascade");
  await expect(page.getByText("and all that depended on it was deleted")).toBeVisible();
});

test("an import that is refused names every problem", async ({ page }) => {
  await serve(page, {
    "POST /api/pipelines/import": {
      status: 400,
      json: {
        error: "The document was not imported.",
        code: "invalid_document",
        request_id: "req-9",
        problems: [
          {
            path: "nodes[1].type",
            message: 'there is no node type "fliter"; did you mean "filter"?',
          },
        ],
      },
    },
  });
  await page.goto("/pipelines?create=import");
  await page.getByLabel("YAML or JSON").fill("name: x\nnodes: []");
  const sent = page.waitForRequest("**/api/pipelines/import");
  await page.getByRole("button", { name: "Import", exact: true }).last().click();
  expect((await sent).headers()["content-type"]).toBe("application/x-yaml");
  await expect(page.getByText("did you mean")).toBeVisible();
  await lookAtBoth(page, "pipelines-import");
});
