import AxeBuilder from "@axe-core/playwright";
import { expect, type Page } from "@playwright/test";

/** Fails when axe finds something serious on the page as it stands; in the dark only contrast can differ. */
async function expectAccessible(page: Page, scheme: "light" | "dark"): Promise<void> {
  // There are no frames of others, for which it would open a page of its own each time.
  const axe = new AxeBuilder({ page }).setLegacyMode();
  const { violations } = await (scheme === "dark"
    ? axe.withRules("color-contrast")
    : axe
  ).analyze();
  const serious = violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html} ${node.failureSummary}`));
  expect(serious).toEqual([]);
}

/** Waits for colours that are on their way to others, which axe would take for those that are meant. */
async function settled(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const changing = document.getAnimations().filter((a) => a instanceof CSSTransition);
    await Promise.allSettled(changing.map((a) => a.finished));
  });
}

/** Looks at the page in light and dark: nothing serious by axe, and with SHOTS=1 a picture of each in e2e/shots. */
export async function lookAtBoth(page: Page, name: string): Promise<void> {
  for (const scheme of ["light", "dark"] as const) {
    await page.evaluate((next) => {
      localStorage.setItem("broked.color-scheme", next);
      // What Mantine's own manager hears when another tab changes the colours.
      window.dispatchEvent(
        new StorageEvent("storage", {
          key: "broked.color-scheme",
          newValue: next,
          storageArea: localStorage,
        }),
      );
    }, scheme);
    await expect(page.locator("html")).toHaveAttribute("data-mantine-color-scheme", scheme);
    await settled(page);
    if (process.env.SHOTS) await page.screenshot({ path: `e2e/shots/${name}-${scheme}.png` });
    await expectAccessible(page, scheme);
  }
}

/** By how many pixels the page is wider than the window; 0 is as it should be. */
export async function overflow(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
}
