import type { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from "@tanstack/react-router";
import { ApiError } from "../lib/api";
import { meQuery, setupQuery } from "../lib/queries";
import { wasSetupSkipped } from "../lib/setup-choice";
import { Crash, NotFound, Starting } from "./fallbacks";
import {
  auditSearch,
  contactsSearch,
  issuesSearch,
  keysSearch,
  nextSearch,
  pipelineSearch,
  pipelinesSearch,
  runSearch,
  runsSearch,
} from "./search";
import { Shell } from "./shell";

const root = createRootRouteWithContext<{ queryClient: QueryClient }>()({
  notFoundComponent: NotFound,
  errorComponent: Crash,
});

const shell = createRoute({
  getParentRoute: () => root,
  id: "shell",
  component: Shell,
  pendingComponent: Starting,
  pendingMs: 200,
  beforeLoad: async ({ context, location }) => {
    try {
      const me = await context.queryClient.ensureQueryData(meQuery);
      if (me.open && location.pathname === "/" && !wasSetupSkipped()) {
        throw redirect({ to: "/setup" });
      }
      if (me.must_change_password) {
        throw redirect({ to: "/password", search: { next: location.href } });
      }
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 401) throw error;
      const setup = await context.queryClient.fetchQuery(setupQuery);
      if (setup.needs_setup) throw redirect({ to: "/setup" });
      throw redirect({ to: "/signin", search: { next: location.href } });
    }
  },
});

const setup = createRoute({
  getParentRoute: () => root,
  path: "/setup",
  component: lazyRouteComponent(() => import("../features/session/setup-page"), "SetupPage"),
});

const signIn = createRoute({
  getParentRoute: () => root,
  path: "/signin",
  validateSearch: nextSearch,
  component: lazyRouteComponent(() => import("../features/session/sign-in-page"), "SignInPage"),
});

const newPassword = createRoute({
  getParentRoute: () => root,
  path: "/password",
  validateSearch: nextSearch,
  component: lazyRouteComponent(
    () => import("../features/session/new-password-page"),
    "NewPasswordPage",
  ),
});

const home = createRoute({
  getParentRoute: () => shell,
  path: "/",
  component: lazyRouteComponent(() => import("../features/home/home-page"), "HomePage"),
});

const pipelines = createRoute({
  getParentRoute: () => shell,
  path: "/pipelines",
  validateSearch: pipelinesSearch,
  component: lazyRouteComponent(
    () => import("../features/pipelines/pipelines-page"),
    "PipelinesPage",
  ),
});

const pipeline = createRoute({
  getParentRoute: () => shell,
  path: "/pipelines/$pipelineId",
  validateSearch: pipelineSearch,
  component: lazyRouteComponent(() => import("../features/pipeline/pipeline-page"), "PipelinePage"),
});

const runs = createRoute({
  getParentRoute: () => shell,
  path: "/runs",
  validateSearch: runsSearch,
  component: lazyRouteComponent(() => import("../features/runs/runs-page"), "RunsPage"),
});

const run = createRoute({
  getParentRoute: () => shell,
  path: "/runs/$runId",
  validateSearch: runSearch,
  component: lazyRouteComponent(() => import("../features/run/run-page"), "RunPage"),
});

const issues = createRoute({
  getParentRoute: () => shell,
  path: "/issues",
  validateSearch: issuesSearch,
  component: lazyRouteComponent(() => import("../features/issues/issues-page"), "IssuesPage"),
});

const issue = createRoute({
  getParentRoute: () => shell,
  path: "/issues/$issueId",
  component: lazyRouteComponent(() => import("../features/issues/issue-page"), "IssuePage"),
});

const contacts = createRoute({
  getParentRoute: () => shell,
  path: "/contacts",
  validateSearch: contactsSearch,
  component: lazyRouteComponent(() => import("../features/contacts/contacts-page"), "ContactsPage"),
});

const contact = createRoute({
  getParentRoute: () => shell,
  path: "/contacts/$contactId",
  component: lazyRouteComponent(() => import("../features/contacts/contact-page"), "ContactPage"),
});

const profile = createRoute({
  getParentRoute: () => shell,
  path: "/profile",
  component: lazyRouteComponent(() => import("../features/profile/profile-page"), "ProfilePage"),
});

const users = createRoute({
  getParentRoute: () => shell,
  path: "/admin/users",
  component: lazyRouteComponent(() => import("../features/users/users-page"), "UsersPage"),
});

const apiTokens = createRoute({
  getParentRoute: () => shell,
  path: "/admin/keys",
  validateSearch: keysSearch,
  component: lazyRouteComponent(() => import("../features/keys/keys-page"), "KeysPage"),
});

const workspaces = createRoute({
  getParentRoute: () => shell,
  path: "/admin/workspaces",
  component: lazyRouteComponent(
    () => import("../features/workspaces/workspaces-page"),
    "WorkspacesPage",
  ),
});

const audit = createRoute({
  getParentRoute: () => shell,
  path: "/admin/audit",
  validateSearch: auditSearch,
  component: lazyRouteComponent(() => import("../features/audit/audit-page"), "AuditPage"),
});

const system = createRoute({
  getParentRoute: () => shell,
  path: "/admin/system",
  component: lazyRouteComponent(() => import("../features/system/system-page"), "SystemPage"),
});

const hooks = createRoute({
  getParentRoute: () => shell,
  path: "/admin/hooks",
  component: lazyRouteComponent(() => import("../features/hooks/hooks-page"), "HooksPage"),
});

const lost = createRoute({ getParentRoute: () => shell, path: "$", component: NotFound });

const routeTree = root.addChildren([
  setup,
  signIn,
  newPassword,
  shell.addChildren([
    home,
    pipelines,
    pipeline,
    runs,
    run,
    issues,
    issue,
    contacts,
    contact,
    profile,
    users,
    apiTokens,
    workspaces,
    audit,
    system,
    hooks,
    lost,
  ]),
]);

/** The pages and how their URLs read. */
export function newRouter(queryClient: QueryClient) {
  return createRouter({
    routeTree,
    context: { queryClient },
    defaultPreload: "intent",
    defaultErrorComponent: Crash,
    defaultPendingComponent: Starting,
    scrollRestoration: true,
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof newRouter>;
  }
}
