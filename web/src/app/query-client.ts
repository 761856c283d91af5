import { hashKey, MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";
import { ApiError } from "../lib/api";
import { meQuery } from "../lib/queries";

type Turns = {
  /** The session has ended. */
  onSignedOut: () => void;
  /** The selected workspace is gone, or the caller does not belong to it any more. */
  onWorkspaceLost: () => void;
  /** The server answers nothing else until a temporary password is replaced. */
  onPasswordDue: () => void;
};

/** The cache of the server's answers, which tells of answers that concern every page. */
export function newQueryClient({
  onSignedOut,
  onPasswordDue,
  onWorkspaceLost,
}: Turns): QueryClient {
  const watch = (error: Error) => {
    if (!(error instanceof ApiError)) return;
    if (error.status === 401 && error.code !== "invalid_credentials") onSignedOut();
    if (error.code === "password_change_required") onPasswordDue();
    if (error.code === "workspace_not_found") onWorkspaceLost();
  };
  return new QueryClient({
    queryCache: new QueryCache({
      onError: (error, query) => {
        // The router asks who is there before it shows a page, and deals itself with the answer "nobody".
        const firstLook = query.queryHash === hashKey(meQuery.queryKey) && !query.state.data;
        if (!firstLook) watch(error);
      },
    }),
    mutationCache: new MutationCache({ onError: watch }),
    defaultOptions: {
      queries: { staleTime: 5_000, retry: worthRetrying, refetchOnWindowFocus: true },
    },
  });
}

/** What the server refused will be refused again; a lost connection or an overload may pass. */
function worthRetrying(failures: number, error: Error): boolean {
  const passing = !(error instanceof ApiError) || error.status === 0 || error.status >= 502;
  return passing && failures < 2;
}
