import { Alert, List } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { ApiError } from "../lib/api";

/** Says in place that something did not work, with every problem the server named. */
export function Failure({ error }: { error: Error }) {
  const problems = error instanceof ApiError ? error.problems : [];
  const requestId = error instanceof ApiError ? error.requestId : "";
  return (
    <Alert
      color="red"
      variant="light"
      mt="sm"
      icon={<IconAlertTriangle size={18} />}
      title={error.message}
      styles={{ title: { color: "var(--bad-text)" }, message: { color: "var(--text)" } }}
    >
      {problems.length > 0 && (
        <List size="sm" spacing={2}>
          {problems.map((problem) => (
            <List.Item key={`${problem.path} ${problem.message}`}>
              {problem.path && <code>{problem.path}</code>} {problem.message}
            </List.Item>
          ))}
        </List>
      )}
      {requestId && <small>Request {requestId}</small>}
    </Alert>
  );
}
