import { expect, type Page, test } from "@playwright/test";
import { lookAtBoth, overflow } from "../mock/check";
import { serve } from "../mock/server";

const parts = [
  "tokens",
  "signs",
  "tables",
  "states",
  "fields",
  "code",
  "canvas",
  "dialogs",
  "trials",
];

/** What the browser and React complain of. */
function complaints(page: Page): string[] {
  const found: string[] = [];
  page.on("console", (message) => {
    // In development React Flow asks whoever leaves its name out to support it.
    const ours = !message.text().startsWith("React Flow: It seems like you are hiding");
    if (ours && ["error", "warning"].includes(message.type())) found.push(message.text());
  });
  page.on("pageerror", (error) => found.push(error.message));
  return found;
}

for (const part of parts) {
  test(`${part}: every state, in light and dark`, async ({ page }) => {
    const found = complaints(page);
    await serve(page);
    await page.setViewportSize({ width: 1280, height: 2_400 });
    await page.goto(`/_gallery?part=${part}`);
    const nav = page.getByRole("navigation", { name: "Parts" });
    await expect(nav.getByRole("link", { name: part })).toHaveAttribute("aria-current", "page");
    await expect(page.locator("main section").first()).toBeVisible();
    if (part === "code") await expect(page.locator(".cm-content")).toHaveCount(4);
    if (part === "canvas") await expect(page.locator(".react-flow")).toHaveCount(4);
    await lookAtBoth(page, `gallery-${part}`);
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    expect(found).toEqual([]);
  });
}

test("the list of parts is the gallery's", async ({ page }) => {
  await serve(page);
  await page.goto("/_gallery");
  const nav = page.getByRole("navigation", { name: "Parts" });
  await expect(nav.getByRole("link")).toHaveText(parts);
});

for (const name of [
  "Ask",
  "Ask before it is gone",
  "It did not work",
  "Delete a pipeline",
  "Run",
  "Try",
  "Pin rows",
]) {
  test(`the dialog "${name}" opens, and Escape closes it`, async ({ page }) => {
    const found = complaints(page);
    await serve(page);
    await page.goto("/_gallery?part=dialogs");
    const part = page.getByRole("region", { name: "Dialogs" });
    await part.getByRole("button", { name, exact: true }).click();
    await expect(page.getByRole("dialog")).toBeVisible();
    await lookAtBoth(page, `gallery-dialog-${name.toLowerCase().replaceAll(" ", "-")}`);
    await page.keyboard.press("Escape");
    await expect(page.getByRole("dialog")).toHaveCount(0);
    expect(found).toEqual([]);
  });
}
