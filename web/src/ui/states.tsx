import { Button, Skeleton, Stack, Text, Title } from "@mantine/core";
import { IconAlertTriangle, IconLock } from "@tabler/icons-react";
import type { ComponentType, ReactNode } from "react";
import { ApiError } from "../lib/api";
import classes from "./states.module.css";

type EmptyProps = {
  icon: ComponentType<{ size?: number; stroke?: number }>;
  title: string;
  children?: ReactNode;
  action?: ReactNode;
};

/** What stands where nothing is yet: what would be here, and the next step. */
export function EmptyState({ icon: Icon, title, children, action }: EmptyProps) {
  return (
    <div className={classes.state}>
      <div className={classes.sign} aria-hidden="true">
        <Icon size={22} stroke={1.6} />
      </div>
      <Title order={2} fz="md">
        {title}
      </Title>
      {children && (
        <Text c="dimmed" ta="center" maw={460}>
          {children}
        </Text>
      )}
      {action}
    </div>
  );
}

/** An answer that did not come: why, what to do, and the request id for the server's log. */
export function ErrorState({ error, onRetry }: { error: Error; onRetry?: () => void }) {
  const denied = error instanceof ApiError && error.status === 403;
  const requestId = error instanceof ApiError ? error.requestId : "";
  const Icon = denied ? IconLock : IconAlertTriangle;
  return (
    <div className={classes.state} role="alert">
      <div className={classes.sign} data-tone={denied ? "wait" : "bad"} aria-hidden="true">
        <Icon size={22} stroke={1.6} />
      </div>
      <Title order={2} fz="md">
        {titleFor(error)}
      </Title>
      <Text c="dimmed" ta="center" maw={520} className={classes.words}>
        {error.message}
        {denied && " Ask an administrator for the permission."}
      </Text>
      {requestId && (
        <Text c="dimmed" fz="xs">
          Request <code className={classes.code}>{requestId}</code>
        </Text>
      )}
      {onRetry && !denied && (
        <Button variant="default" onClick={onRetry}>
          Try again
        </Button>
      )}
    </div>
  );
}

function titleFor(error: Error): string {
  if (!(error instanceof ApiError)) return "Something went wrong on this page";
  if (error.status === 0) return "No connection to the server";
  if (error.status === 403) return "You may not see this";
  if (error.status === 404) return "This does not exist";
  return "The server could not answer";
}

/** Grey lines in the place of a list that is on its way. */
export function LoadingRows({ rows = 6, height = 36 }: { rows?: number; height?: number }) {
  const lines = Array.from({ length: rows }, (_, line) => `line-${line}`);
  return (
    <Stack gap={10} p="md" role="status" aria-label="Loading">
      {lines.map((line) => (
        <Skeleton key={line} height={height} radius="sm" />
      ))}
    </Stack>
  );
}
