import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { defineConfig } from "@playwright/test";

const port = Number(process.env.E2E_PORT ?? 18_431);

const binary = resolve(process.env.BROKED_BINARY ?? "../bin/broked");

/** Where a test lets an API of its own listen, which the server may call. */
process.env.BROKED_E2E_API_PORT ??= String(port + 4);

// Every worker of Playwright reads this file anew, so the folder's name is handed on.
process.env.BROKED_E2E_DATA ??= mkdtempSync(join(tmpdir(), "broked-e2e-"));

/** The real binary with an empty data folder, as someone meets it on the first day. */
export default defineConfig({
  testDir: "e2e/real",
  timeout: 60_000,
  forbidOnly: Boolean(process.env.CI),
  // A test that passes when it is tried again is told as flaky: machines of CI have others beside them.
  retries: process.env.CI ? 1 : 0,
  workers: 1,
  reporter: [["list"]],
  use: {
    baseURL: `http://127.0.0.1:${port}`,
    viewport: { width: 1280, height: 800 },
    locale: "en-US",
    colorScheme: "light",
    trace: "retain-on-failure",
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: ["--no-sandbox"],
    },
  },
  webServer: {
    // The server keeps its signing key in its working directory: not here.
    command: `${binary} serve --port ${port} --outbound-loopback ${process.env.BROKED_E2E_API_PORT} --data "${process.env.BROKED_E2E_DATA}/data"`,
    cwd: process.env.BROKED_E2E_DATA,
    url: `http://127.0.0.1:${port}/health`,
    reuseExistingServer: false,
  },
});
