import { defineConfig } from "@playwright/test";
import mock from "./playwright.mock.config";

const port = Number(process.env.E2E_PORT ?? 18_432) + 1;

/** The gallery of parts, which only a development build has. React warns in one, too. */
export default defineConfig({
  ...mock,
  testDir: "e2e/gallery",
  timeout: 40_000,
  expect: { timeout: 5_000 },
  use: { ...mock.use, baseURL: `http://127.0.0.1:${port}` },
  webServer: {
    command: `npx vite build --outDir e2e/.gallery --emptyOutDir --logLevel warn && npx vite preview --outDir e2e/.gallery --host 127.0.0.1 --port ${port} --strictPort`,
    env: { NODE_ENV: "development" },
    url: `http://127.0.0.1:${port}/`,
    reuseExistingServer: false,
  },
});
