import { queryOptions } from "@tanstack/react-query";
import type {
  AuditEntry,
  Me,
  Member,
  PermissionInfo,
  ServiceAccount,
  Session,
  Setup,
  User,
  Workspace,
} from "./accounts";
import { ApiError, get, getText } from "./api";
import type { Issue, IssueKind, IssueState } from "./issue-model";
import type {
  Change,
  LogLine,
  NodeState,
  NodeType,
  Page,
  Pipeline,
  PipelineHealth,
  PipelineVersion,
  Preview,
  Run,
  RunDetail,
  RunStatus,
  Template,
} from "./model";
import type { SystemInfo } from "./system";
import { selectedWorkspace, selectWorkspace } from "./workspace";

/** Prefixes of query keys: invalidating one makes everything under it fresh. */
export const keys = {
  session: ["session"],
  sessions: ["session", "list"],
  users: ["users"],
  services: ["services"],
  workspaces: ["workspaces"],
  pipelines: ["pipelines"],
  health: ["pipelines", "summary"],
  pipeline: (id: string) => ["pipelines", "one", id],
  runs: ["runs"],
  issues: ["issues"],
  run: (id: string) => ["run", id],
  runLog: (id: string) => ["run", id, "log"],
} as const;

async function whoami(signal: AbortSignal): Promise<Me> {
  try {
    return await get<Me>("/api/auth/me", { signal });
  } catch (error) {
    const gone = error instanceof ApiError && error.code === "workspace_not_found";
    if (!gone || !selectedWorkspace()) throw error;
    // Deleted, or no longer the caller's: where they belong is asked for anew.
    selectWorkspace("");
    return get<Me>("/api/auth/me", { signal });
  }
}

/** Who is asking; fails with status 401 when nobody is signed in. */
export const meQuery = queryOptions({
  queryKey: [...keys.session, "me"],
  queryFn: ({ signal }) => whoami(signal),
  staleTime: 60_000,
});

/** What the caller may do, such as "pipelines.run". */
export const permissionsQuery = queryOptions({
  queryKey: [...keys.session, "permissions"],
  queryFn: ({ signal }) => get<string[]>("/api/auth/me/permissions", { signal }),
  staleTime: 60_000,
});

/** Whether the first account is still to be made. */
export const setupQuery = queryOptions({
  queryKey: [...keys.session, "setup"],
  queryFn: ({ signal }) => get<Setup>("/api/auth/setup", { signal }),
});

/** Where the caller is signed in. */
export const sessionsQuery = queryOptions({
  queryKey: keys.sessions,
  queryFn: ({ signal }) => get<Session[]>("/api/auth/sessions", { signal }),
});

/** Every account of the server. */
export const usersQuery = queryOptions({
  queryKey: keys.users,
  queryFn: ({ signal }) => get<User[]>("/api/auth/users", { signal }),
});

/** Every service account, revoked ones too. */
export const servicesQuery = queryOptions({
  queryKey: keys.services,
  queryFn: ({ signal }) => get<ServiceAccount[]>("/api/services", { signal }),
});

/** The workspaces that the caller belongs to. */
export const workspacesQuery = queryOptions({
  queryKey: keys.workspaces,
  queryFn: ({ signal }) => get<Workspace[]>("/api/workspaces", { signal }),
});

/** Who belongs to a workspace. */
export const membersQuery = (id: string) =>
  queryOptions({
    queryKey: [...keys.workspaces, id, "members"],
    queryFn: ({ signal }) =>
      get<Member[]>(`/api/workspaces/${encodeURIComponent(id)}/members`, { signal }),
  });

/** Every permission that can be granted; they change only with the server's version. */
export const grantableQuery = queryOptions({
  queryKey: ["permissions"],
  queryFn: ({ signal }) => get<PermissionInfo[]>("/api/permissions", { signal }),
  staleTime: Number.POSITIVE_INFINITY,
});

/** The kinds of node this server has; they change only with its version. */
export const nodeTypesQuery = queryOptions({
  queryKey: ["node-types"],
  queryFn: ({ signal }) => get<NodeType[]>("/api/node-types", { signal }),
  staleTime: Number.POSITIVE_INFINITY,
});

/** The shipped examples. */
export const templatesQuery = queryOptions({
  queryKey: ["templates"],
  queryFn: ({ signal }) => get<Template[]>("/api/templates", { signal }),
  staleTime: Number.POSITIVE_INFINITY,
});

/** Version and load of the server. */
export const systemQuery = queryOptions({
  queryKey: ["system"],
  queryFn: ({ signal }) => get<SystemInfo>("/api/system/info", { signal }),
  staleTime: 60_000,
});

/** Every pipeline with how its last runs went. */
export const pipelineHealthQuery = queryOptions({
  queryKey: keys.health,
  queryFn: ({ signal }) => get<PipelineHealth[]>("/api/pipelines/summary", { signal }),
});

/** One pipeline's document. */
export const pipelineQuery = (id: string) =>
  queryOptions({
    queryKey: keys.pipeline(id),
    queryFn: ({ signal }) => get<Pipeline>(`/api/pipelines/${encodeURIComponent(id)}`, { signal }),
  });

/** One pipeline as the YAML its export gives. */
export const pipelineYamlQuery = (id: string) =>
  queryOptions({
    queryKey: [...keys.pipeline(id), "yaml"],
    queryFn: ({ signal }) =>
      getText(`/api/pipelines/${encodeURIComponent(id)}/export`, {
        signal,
        headers: { Accept: "application/x-yaml" },
      }),
  });

/** What nodes of a pipeline keep from run to run. */
export const statesQuery = (id: string) =>
  queryOptions({
    queryKey: [...keys.pipeline(id), "states"],
    queryFn: ({ signal }) =>
      get<NodeState[]>(`/api/pipelines/${encodeURIComponent(id)}/states`, { signal }),
  });

/** The saved versions of a pipeline, newest first. */
export const versionsQuery = (id: string) =>
  queryOptions({
    queryKey: [...keys.pipeline(id), "versions"],
    queryFn: async ({ signal }) => {
      const path = `/api/pipelines/${encodeURIComponent(id)}/versions`;
      const versions = await get<PipelineVersion[]>(path, { signal });
      return versions.toSorted((a, b) => b.version - a.version);
    },
  });

/** What changed in a pipeline from one version to another. */
export const diffQuery = (id: string, from: number, to: number) =>
  queryOptions({
    queryKey: [...keys.pipeline(id), "diff", from, to],
    queryFn: ({ signal }) =>
      get<{ changes: Change[] | null }>(
        `/api/pipelines/${encodeURIComponent(id)}/versions/${to}/diff?against=${from}`,
        { signal },
      ),
  });

export type AuditFilter = {
  event?: string;
  actor?: string;
  since?: string;
  until?: string;
  after?: string;
};

/** A stretch of the audit log that fits a filter, newest first. */
export const auditQuery = (filter: AuditFilter) =>
  queryOptions({
    queryKey: ["audit", filter],
    queryFn: ({ signal }) => {
      const search = new URLSearchParams({ limit: "50", ...filter });
      return get<Page<AuditEntry>>(`/api/audit?${search}`, { signal });
    },
  });

export type IssueFilter = {
  /** Unresolved ones when missing. */
  state?: IssueState | "all";
  kind?: IssueKind;
  mine?: boolean;
  after?: string;
  limit?: number;
};

/** A stretch of the issues that fit a filter, newest first. */
export const issuesQuery = (filter: IssueFilter) =>
  queryOptions({
    queryKey: [...keys.issues, "list", filter],
    queryFn: ({ signal }) => {
      const search = new URLSearchParams({ limit: String(filter.limit ?? 50) });
      if (filter.state !== "all") search.set("state", filter.state ?? "unresolved");
      if (filter.kind) search.set("kind", filter.kind);
      if (filter.mine) search.set("assignee", "me");
      if (filter.after) search.set("after", filter.after);
      return get<Page<Issue>>(`/api/issues?${search}`, { signal });
    },
  });

/** How many issues are open: nobody has acknowledged them. */
export const openIssuesQuery = queryOptions({
  queryKey: [...keys.issues, "open"],
  queryFn: async ({ signal }) => {
    const page = "/api/issues?state=open&page=1&page_size=1";
    return (await get<{ total: number }>(page, { signal })).total;
  },
});

/** One issue with its history. */
export const issueQuery = (id: string) =>
  queryOptions({
    queryKey: [...keys.issues, "one", id],
    queryFn: ({ signal }) => get<Issue>(`/api/issues/${encodeURIComponent(id)}`, { signal }),
  });

export type RunFilter = {
  status?: RunStatus;
  pipeline?: string;
  parent?: string;
  trigger?: string;
  /** When they were put on record: from the one, and before the other. */
  since?: string;
  until?: string;
  after?: string;
  limit?: number;
};

/** A stretch of the runs that fit a filter, newest first. */
export const runsQuery = (filter: RunFilter) =>
  queryOptions({
    queryKey: [...keys.runs, filter],
    queryFn: ({ signal }) => {
      const { limit = 50, pipeline, ...same } = filter;
      const search = new URLSearchParams({ limit: String(limit), ...same });
      if (pipeline) search.set("pipeline_id", pipeline);
      return get<Page<Run>>(`/api/runs?${search}`, { signal });
    },
  });

/** One run with its nodes and the document that ran. */
export const runQuery = (id: string) =>
  queryOptions({
    queryKey: keys.run(id),
    queryFn: ({ signal }) => get<RunDetail>(`/api/runs/${encodeURIComponent(id)}`, { signal }),
  });

/** The most lines of a log that are held in the browser; the download has all of them. */
export const logLimit = 100_000;

/** How many lines are asked for at once; the server gives no more. */
const logStretch = 10_000;

async function readLog(id: string, signal: AbortSignal): Promise<LogLine[]> {
  const lines: LogLine[] = [];
  for (;;) {
    const path = `/api/runs/${encodeURIComponent(id)}/logs?limit=${logStretch}`;
    const after = lines.at(-1)?.seq ?? 0;
    const stretch = await get<LogLine[]>(`${path}&after=${after}`, { signal });
    // One by one: so many arguments at once are more than a call may have.
    for (const line of stretch) lines.push(line);
    if (stretch.length < logStretch || lines.length >= logLimit) return lines;
  }
}

/** The log of a run from its first line, up to logLimit lines. */
export const runLogQuery = (id: string) =>
  queryOptions({ queryKey: keys.runLog(id), queryFn: ({ signal }) => readLog(id, signal) });

/** The first rows a node of a run gave; fails with status 404 when it kept none. */
export const previewQuery = (runId: string, nodeId: string) =>
  queryOptions({
    queryKey: [...keys.run(runId), "preview", nodeId],
    queryFn: ({ signal }) =>
      get<Preview>(
        `/api/runs/${encodeURIComponent(runId)}/nodes/${encodeURIComponent(nodeId)}/preview`,
        { signal },
      ),
  });
