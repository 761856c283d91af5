import type { Page, Route } from "@playwright/test";
import * as documents from "./documents";
import * as fixtures from "./fixtures";
import * as history from "./history";

/** An answer of the made-up server; "never" leaves the request waiting. */
export type Answer = { status?: number; json?: unknown; text?: string; headers?: object } | "never";

/** Answers by "METHOD /path", or for lists of runs "METHOD /path?status=...". */
export type Answers = Record<string, Answer>;

const everything = [
  "pipelines.view",
  "pipelines.create",
  "pipelines.edit",
  "pipelines.delete",
  "pipelines.run",
  "runs.view",
  "runs.query",
  "runs.cancel",
  "runs.resume",
  "runs.query",
  "issues.view",
  "issues.edit",
  "contacts.view",
  "contacts.edit",
  "contacts.delete",
  "settings.manage_users",
  "services.manage",
  "audit.view",
];

const usual: Answers = {
  "GET /api/runs?status=running": { json: page(fixtures.runs.slice(0, 1)) },
  "GET /api/auth/me": { json: { id: "u1", username: "ada", role: "admin" } },
  "GET /api/auth/me/permissions": { json: everything },
  "GET /api/auth/setup": { json: { needs_setup: false, open: false, token_required: false } },
  "GET /api/plugins": { json: [] },
  "GET /api/system/info": {
    json: { version: "0.1.0", active_runs: 1, max_concurrent_runs: 4 },
  },
  "GET /api/node-types": { json: fixtures.nodeTypes },
  "GET /api/templates": { json: documents.templates },
  "GET /api/pipelines/summary": { json: fixtures.pipelines },
  "GET /api/pipelines/p-flights": { json: fixtures.flights },
  "GET /api/pipelines/p-flights/schedules": {
    json: [
      {
        name: "default",
        cron: "30 6 * * 1-5",
        description: "At 06:30, Monday through Friday",
        timezone: "Europe/Berlin",
        next_run_at: null,
      },
    ],
  },
  "GET /api/pipelines/p-flights/access": { json: documents.access },
  "GET /api/pipelines/p-flights/states": { json: [] },
  "GET /api/pipelines/p-flights/deps": { json: { satisfied: true, reason: "", deps: [] } },
  "GET /api/pipelines/p-flights/triggers": { json: [] },
  "GET /api/pipelines/p-flights/pins": { json: [] },
  "GET /api/pipelines/p-flights/hooks": { json: [] },
  "GET /api/pipelines/p-flights/deliveries": { json: [] },
  "GET /api/pipelines/p-flights/versions": { json: documents.versions },
  "GET /api/pipelines/p-flights/versions/4/diff": { json: { changes: documents.changes } },
  "GET /api/pipelines/p-flights/export": { text: documents.yaml },
  "GET /api/runs": { json: page(fixtures.runs) },
  "GET /api/runs/calendar": { json: history.calendar() },
  "GET /api/pipelines/p-flights/grid": { json: history.grid },
  "GET /api/runs/r1/milestones": { json: history.milestones(fixtures.finished.created_at) },
  "GET /api/runs/r1/nodes/sums/profile": { json: history.profile },
  "GET /api/runs/r1/columns": { json: history.columnsBefore },
  "GET /api/pools": { json: [] },
  "GET /api/connections": { json: [] },
  "GET /api/variables": { json: [] },
  "GET /api/names": {
    json: [
      { name: "var.region", secret: false, value: "eu" },
      { name: "secret.crm_token", secret: true, about: "Of the contacts" },
      { name: "conn.shop.host", secret: false, value: "db.example.com" },
      { name: "env.STAGE", secret: false },
    ],
  },
  "GET /api/issues": { json: { ...page([fixtures.failing]), total: 1 } },
  "GET /api/runs/r1": { json: fixtures.finished },
  "GET /api/runs/r1/logs": { json: fixtures.log },
  "GET /api/runs/r1/nodes/sums/preview": { json: fixtures.preview },
};

/** A stretch of a list that has no next one. */
export function page(items: unknown[]): object {
  return { items, has_next: false, cursor: "", limit: 50 };
}

/** An error as the server words it. */
export function refusal(status: number, code: string, error: string): Answer {
  return { status, json: { error, code, request_id: "req-7f3a91" } };
}

/** Answers the API for a page: as usual, but for what is given. Unknown paths are 404. */
export async function serve(page: Page, answers: Answers = {}): Promise<void> {
  const all = { ...usual, ...answers };
  await page.addInitScript(fakeStreams);
  await page.route("**/api/**", (route) => answer(route, all));
  await page.route("**/v2/**", (route) => answer(route, all));
}

async function answer(route: Route, answers: Answers): Promise<void> {
  const request = route.request();
  const { pathname, searchParams } = new URL(request.url());
  const filter = searchParams.get("status");
  const found =
    (filter && answers[`${request.method()} ${pathname}?status=${filter}`]) ||
    answers[`${request.method()} ${pathname}`] ||
    refusal(404, "not_found", "There is no such thing.");
  if (found === "never") return;
  const { status = 200, text, headers = {} } = found;
  const json = history.isCalendar(found.json)
    ? history.since(found.json, searchParams.get("from") ?? "")
    : found.json;
  await route.fulfill({
    status,
    headers: { ...headers },
    contentType: text === undefined ? "application/json" : "application/x-yaml",
    body: text ?? JSON.stringify(json ?? {}),
  });
}

/** Replaces the browser's event streams by ones that `tell` feeds. Runs inside the page. */
function fakeStreams(): void {
  class Stream extends EventTarget {
    static CLOSED = 2;
    readyState = 1;
    onopen: (() => void) | null = null;
    onerror: (() => void) | null = null;
    constructor(url: string) {
      super();
      window.addEventListener("tell", (event) => {
        if (!(event instanceof CustomEvent) || this.readyState !== 1) return;
        if (event.detail.url !== url) return;
        const { type, data } = event.detail;
        this.dispatchEvent(new MessageEvent(type, { data: JSON.stringify(data) }));
      });
      setTimeout(() => this.onopen?.(), 0);
    }
    close() {
      this.readyState = 2;
    }
  }
  Object.assign(window, { EventSource: Stream });
}

/** Sends an event down the page's stream at url. */
export async function tell(
  page: Page,
  url: string,
  data: { type: string; [more: string]: unknown },
): Promise<void> {
  await page.evaluate((detail) => window.dispatchEvent(new CustomEvent("tell", { detail })), {
    url,
    type: data.type,
    data,
  });
}
