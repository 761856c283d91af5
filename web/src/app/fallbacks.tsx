import { Loader } from "@mantine/core";
import { IconMapPinOff } from "@tabler/icons-react";
import { type ErrorComponentProps, useRouter } from "@tanstack/react-router";
import { LinkButton } from "../ui/links";
import { Page } from "../ui/page";
import { EmptyState, ErrorState } from "../ui/states";
import classes from "./shell.module.css";

/** The page for an address that leads nowhere. */
export function NotFound() {
  return (
    <Page title="Not found" fill>
      <EmptyState
        icon={IconMapPinOff}
        title="There is no page at this address"
        action={
          <LinkButton to="/" variant="default">
            Go to the home page
          </LinkButton>
        }
      >
        The link may be old, or a letter of it got lost. Ctrl K finds pages and pipelines by name.
      </EmptyState>
    </Page>
  );
}

/** The page when a page could not be made. */
export function Crash({ error }: ErrorComponentProps) {
  const router = useRouter();
  const shown = error instanceof Error ? error : new Error(String(error));
  return <ErrorState error={shown} onRetry={() => void router.invalidate()} />;
}

/** What shows while the server is asked who is there. */
export function Starting() {
  return (
    <div className={classes.starting}>
      <Loader size="sm" role="status" aria-label="Loading" />
    </div>
  );
}
