import { localStorageColorSchemeManager, MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { meQuery } from "../lib/queries";
import { selectedWorkspace } from "../lib/workspace";
import { contrast, theme } from "../ui/theme";
import { newQueryClient } from "./query-client";
import { askAhead, newRouter } from "./router";

const queryClient = newQueryClient({
  onSignedOut: toSignIn,
  onPasswordDue: toNewPassword,
  onWorkspaceLost: toAnotherWorkspace,
});
const router = newRouter(queryClient);

askAhead(router);

/** public/color-scheme.js reads the same key before the first paint. */
const colorSchemes = localStorageColorSchemeManager({ key: "broked.color-scheme" });

function toSignIn(): void {
  const { pathname, href } = router.state.location;
  if (pathname === "/signin" || pathname === "/setup") return;
  queryClient.clear();
  void router.navigate({ to: "/signin", search: { next: href } });
}

function toNewPassword(): void {
  const { pathname, href } = router.state.location;
  if (pathname === "/password") return;
  void router.navigate({ to: "/password", search: { next: href } });
}

/** Asks who and where the caller is, which finds another workspace when the selected one is lost. */
function toAnotherWorkspace(): void {
  const before = selectedWorkspace();
  void queryClient.fetchQuery({ ...meQuery, staleTime: 0 }).then(() => {
    if (selectedWorkspace() !== before) window.location.assign("/");
  });
}

/** The interface with everything it stands on. */
export function App() {
  return (
    <MantineProvider
      theme={theme}
      cssVariablesResolver={contrast}
      colorSchemeManager={colorSchemes}
      defaultColorScheme="auto"
    >
      <QueryClientProvider client={queryClient}>
        <RouterProvider router={router} />
        <Notifications position="bottom-right" />
      </QueryClientProvider>
    </MantineProvider>
  );
}
