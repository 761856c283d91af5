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
  compareSearch,
  consoleSearch,
  contactsSearch,
  editorSearch,
  gallerySearch,
  issuesSearch,
  keysSearch,
  lineageSearch,
  nextSearch,
  pipelineSearch,
  pipelinesSearch,
  referenceSearch,
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

const newPipeline = createRoute({
  getParentRoute: () => shell,
  path: "/pipelines/new",
  validateSearch: editorSearch,
  component: lazyRouteComponent(() => import("../features/editor/editor-page"), "NewPage"),
});

const editPipeline = createRoute({
  getParentRoute: () => shell,
  path: "/pipelines/$pipelineId/edit",
  validateSearch: editorSearch,
  component: lazyRouteComponent(() => import("../features/editor/editor-page"), "EditPage"),
});

const runs = createRoute({
  getParentRoute: () => shell,
  path: "/runs",
  validateSearch: runsSearch,
  component: lazyRouteComponent(() => import("../features/runs/runs-page"), "RunsPage"),
});

const compare = createRoute({
  getParentRoute: () => shell,
  path: "/runs/compare",
  validateSearch: compareSearch,
  component: lazyRouteComponent(() => import("../features/runs/compare-page"), "ComparePage"),
});

const run = createRoute({
  getParentRoute: () => shell,
  path: "/runs/$runId",
  validateSearch: runSearch,
  component: lazyRouteComponent(() => import("../features/run/run-page"), "RunPage"),
});

const console = createRoute({
  getParentRoute: () => shell,
  path: "/console",
  validateSearch: consoleSearch,
  component: lazyRouteComponent(() => import("../features/console/console-page"), "ConsolePage"),
});

const lineage = createRoute({
  getParentRoute: () => shell,
  path: "/lineage",
  validateSearch: lineageSearch,
  component: lazyRouteComponent(() => import("../features/lineage/lineage-page"), "LineagePage"),
});

const apiReference = createRoute({
  getParentRoute: () => shell,
  path: "/api-reference",
  validateSearch: referenceSearch,
  component: lazyRouteComponent(
    () => import("../features/reference/reference-page"),
    "ReferencePage",
  ),
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

const connections = createRoute({
  getParentRoute: () => shell,
  path: "/connections",
  component: lazyRouteComponent(
    () => import("../features/connections/connections-page"),
    "ConnectionsPage",
  ),
});

const variables = createRoute({
  getParentRoute: () => shell,
  path: "/variables",
  component: lazyRouteComponent(
    () => import("../features/variables/variables-page"),
    "VariablesPage",
  ),
});

const hooks = createRoute({
  getParentRoute: () => shell,
  path: "/admin/hooks",
  component: lazyRouteComponent(() => import("../features/hooks/hooks-page"), "HooksPage"),
});

/** Every part in every state; a development build has it, and no other. */
const gallery = import.meta.env.DEV
  ? [
      createRoute({
        getParentRoute: () => root,
        path: "/_gallery",
        validateSearch: gallerySearch,
        component: lazyRouteComponent(
          () => import("../features/gallery/gallery-page"),
          "GalleryPage",
        ),
      }),
    ]
  : [];

const lost = createRoute({ getParentRoute: () => shell, path: "$", component: NotFound });

const routeTree = root.addChildren([
  setup,
  signIn,
  newPassword,
  ...gallery,
  shell.addChildren([
    home,
    pipelines,
    pipeline,
    newPipeline,
    editPipeline,
    runs,
    compare,
    run,
    console,
    lineage,
    apiReference,
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
    connections,
    variables,
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

/**
 * Begins with what the first page needs: who is there, and the page's code. The router asks for
 * one after the other, and finds them on their way.
 */
export function askAhead(router: ReturnType<typeof newRouter>): void {
  const matches = router.matchRoutes(router.latestLocation);
  if (!matches.some(({ routeId }) => routeId === shell.id)) return;
  void router.options.context.queryClient.prefetchQuery(meQuery);
  for (const { routeId } of matches) {
    const { component } = router.routesById[routeId as keyof typeof router.routesById].options;
    const page: { preload?: () => Promise<void> | undefined } | undefined = component;
    page?.preload?.()?.catch(() => undefined); // the router meets the failure itself, and shows it
  }
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof newRouter>;
  }
}
