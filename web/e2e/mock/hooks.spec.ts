import { expect, test } from "@playwright/test";
import { serve } from "./server";

const hook = {
  id: "1",
  name: "Pager",
  type: "webhook",
  url: "https://example.com/hook",
  events: ["on_failure"],
  enabled: true,
  signed: true,
};

test("a hook is made, and its secret is shown once", async ({ page }) => {
  await serve(page);
  let made = false;
  await page.route("**/api/hooks", (route) => {
    if (route.request().method() === "POST") {
      made = true;
      return route.fulfill({ status: 201, json: { ...hook, secret: "whsec_c2VjcmV0" } });
    }
    return route.fulfill({ json: made ? [hook] : [] });
  });
  await page.goto("/admin/hooks");
  await page.getByRole("button", { name: "New hook" }).click();
  await page.getByRole("textbox", { name: "Name", exact: true }).fill("Pager");
  await page.getByLabel("Address").fill("https://example.com/hook");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("textbox", { name: "Secret" })).toHaveValue("whsec_c2VjcmV0");
  await page.getByRole("button", { name: "Done" }).click();
  await expect(page.getByText("https://example.com/hook")).toBeVisible();
});
