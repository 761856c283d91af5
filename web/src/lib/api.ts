import type { Problem } from "./model";
import { selectedWorkspace } from "./workspace";

/** An answer of the server that is not a success, or no answer at all (status 0). */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly requestId: string;
  readonly problems: Problem[];
  /** Seconds to wait before another try; 0 when the server did not say. */
  readonly retryAfter: number;

  constructor(status: number, body: ErrorBody, retryAfter = 0) {
    super(body.error ?? `The server answered with status ${status}.`);
    this.name = "ApiError";
    this.status = status;
    this.code = body.code ?? "";
    this.requestId = body.request_id ?? "";
    this.problems = body.problems ?? [];
    this.retryAfter = retryAfter;
  }
}

type ErrorBody = { error?: string; code?: string; request_id?: string; problems?: Problem[] };

type Options = {
  headers?: Record<string, string>;
  signal?: AbortSignal;
};

/** Reads a JSON answer; T is what the API contract says about the path. */
export async function get<T>(path: string, options: Options = {}): Promise<T> {
  const response = await send("GET", path, options);
  return (await response.json()) as T;
}

/** Reads a text answer. */
export async function getText(path: string, options: Options = {}): Promise<string> {
  const response = await send("GET", path, options);
  return response.text();
}

/** Sends JSON and reads a JSON answer. */
export async function post<T>(path: string, body: unknown, options: Options = {}): Promise<T> {
  const response = await send("POST", path, options, JSON.stringify(body));
  return (await response.json()) as T;
}

/** Sends a text of a given content type and reads a JSON answer. */
export async function postText<T>(path: string, text: string, contentType: string): Promise<T> {
  const response = await send("POST", path, { headers: { "Content-Type": contentType } }, text);
  return (await response.json()) as T;
}

/** Replaces something by JSON and reads a JSON answer. */
export async function put<T>(path: string, body: unknown, options: Options = {}): Promise<T> {
  const response = await send("PUT", path, options, JSON.stringify(body));
  return (await response.json()) as T;
}

/** Asks the server to delete something. */
export async function remove(path: string): Promise<void> {
  await send("DELETE", path, {}, "{}");
}

/** Asks the server to delete several things and reads what it says about them. */
export async function removeMany<T>(path: string): Promise<T> {
  const response = await send("DELETE", path, {}, "{}");
  return (await response.json()) as T;
}

/** Sends a request and returns the answer, which is not an error. */
export async function send(
  method: string,
  path: string,
  options: Options,
  body?: string,
): Promise<Response> {
  const headers = new Headers({ Accept: "application/json" });
  const workspace = selectedWorkspace();
  if (workspace) headers.set("X-Workspace-ID", workspace);
  if (body !== undefined) headers.set("Content-Type", "application/json");
  for (const [name, value] of Object.entries(options.headers ?? {})) headers.set(name, value);
  const response = await reach(path, {
    method,
    headers,
    credentials: "same-origin",
    ...(body === undefined ? {} : { body }),
    ...(options.signal ? { signal: options.signal } : {}),
  });
  if (!response.ok) throw await failure(response);
  return response;
}

async function reach(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(path, init);
  } catch (cause) {
    if (init.signal?.aborted) throw cause;
    const words = "The server cannot be reached. Check that it is running, then try again.";
    throw new ApiError(0, { error: words, code: "unreachable" });
  }
}

async function failure(response: Response): Promise<ApiError> {
  const retryAfter = Number(response.headers.get("Retry-After") ?? 0);
  const body = await response
    .json()
    .then((json) => json as ErrorBody)
    .catch((): ErrorBody => ({}));
  return new ApiError(response.status, body, Number.isFinite(retryAfter) ? retryAfter : 0);
}
