import { defineConfig } from "@playwright/test";
import mock from "./playwright.mock.config";

/**
 * How fast the built interface is, in figures. They depend on the machine and on what else it does, so
 * that they are printed and looked at; only what is far off fails. CI does not run this.
 */
export default defineConfig({ ...mock, testDir: "e2e/perf", workers: 1, retries: 0 });
