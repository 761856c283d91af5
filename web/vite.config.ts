import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

/** Where `vite dev` finds the server's API; the built interface is served by the server itself. */
const server = process.env.BROKED_URL ?? "http://127.0.0.1:8080";

/** The policy of the real server, so that the tests against the preview find what it would block. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join("; ");

export default defineConfig({
  plugins: [react()],
  build: {
    // What the palette loads when it asks the server is nearly all there already: a list of
    // what that needs would be larger than what it saves.
    modulePreload: {
      resolveDependencies: (_, needed, { hostId }) =>
        hostId.includes("command-palette") ? [] : needed,
    },
    target: "es2023",
    // The content security policy allows images from data: URLs but no other inlined file.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 700,
  },
  server: { proxy: { "/api/": server, "/v2": server, "/health": server, "/ready": server } },
  preview: { headers: { "Content-Security-Policy": policy } },
  test: { include: ["src/**/*.test.ts"] },
});
