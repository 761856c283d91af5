import { expect, type Page, test } from "@playwright/test";
import { lookAtBoth } from "./check";
import { type Answers, refusal, serve } from "./server";

const region = {
  id: "1",
  key: "region",
  type: "string",
  value: "eu-central",
  description: "Where we are",
  version: 2,
  updated_at: "2026-11-20T10:00:00Z",
};
const token = { ...region, id: "2", key: "token", type: "secret", value: "********" };

async function open(page: Page, answers: Answers = {}): Promise<void> {
  await serve(page, {
    "GET /api/auth/me/permissions": {
      json: ["variables.view", "variables.create", "variables.edit", "variables.delete"],
    },
    "GET /api/variables": { json: [region, token] },
    ...answers,
  });
  await page.goto("/variables");
}

test("a variable is made by a form of its type", async ({ page }) => {
  await open(page, {
    "GET /api/variables": { json: [] },
    "POST /api/variables": { json: token },
  });
  await page.getByRole("button", { name: "New variable" }).click();
  await page.getByRole("textbox", { name: "Name" }).fill("token");
  await page.getByRole("combobox", { name: "Type" }).selectOption("secret");
  await expect(page.getByText("secret.token")).toBeVisible();
  await page.getByRole("textbox", { name: "Value" }).fill("hunter2");
  await lookAtBoth(page, "variable-new");
  const sent = page.waitForRequest((request) => request.method() === "POST");
  await page.getByRole("button", { name: "Save" }).click();
  expect((await sent).postDataJSON()).toEqual({
    key: "token",
    type: "secret",
    value: "hunter2",
    description: "",
  });
  await expect(page.getByRole("dialog")).toBeHidden();
});

test("a change keeps the secret that is not given", async ({ page }) => {
  await open(page, {
    "PUT /api/variables/token": refusal(409, "version_conflict", "Somebody else has changed it."),
  });
  await expect(page.getByText("eu-central")).toBeVisible();
  await expect(page.getByText("Kept here, sealed")).toBeVisible();
  await lookAtBoth(page, "variables");
  await page.getByRole("button", { name: "Edit token" }).click();
  await expect(page.getByRole("textbox", { name: "Name" })).toBeDisabled();
  await expect(page.getByRole("textbox", { name: "Value" })).toHaveValue("");
  await page.getByRole("textbox", { name: "Description" }).fill("Ours");
  const sent = page.waitForRequest((request) => request.method() === "PUT");
  await page.getByRole("button", { name: "Save" }).click();
  expect((await sent).postDataJSON()).not.toHaveProperty("value");
  await expect(page.getByText("Somebody else has changed it.")).toBeVisible();
});

test("it is told who uses a variable before it is deleted", async ({ page }) => {
  await open(page, {
    "GET /api/variables/token/used-by": {
      json: [
        { pipeline_id: "p1", pipeline_name: "Orders", node_id: "n", node_name: "Read" },
        { pipeline_id: "", pipeline_name: "", node_id: "", node_name: "", conn_id: "crm" },
      ],
    },
    "DELETE /api/variables/token": { status: 204 },
  });
  await page.getByRole("button", { name: "Delete token" }).click();
  await expect(page.getByRole("link", { name: "Orders" })).toBeVisible();
  await expect(page.getByRole("dialog").getByText("crm")).toBeVisible();
  const sent = page.waitForRequest((request) => request.method() === "DELETE");
  await page.getByRole("button", { name: "Delete", exact: true }).click();
  await sent;
  await expect(page.getByRole("dialog")).toBeHidden();
});

test("who may only look is offered nothing else", async ({ page }) => {
  await open(page, { "GET /api/auth/me/permissions": { json: ["variables.view"] } });
  await expect(page.getByRole("button", { name: "Used by region" })).toBeVisible();
  await expect(page.getByRole("button", { name: "Edit region" })).toHaveCount(0);
  await expect(page.getByRole("button", { name: "New variable" })).toHaveCount(0);
});
