import { IconAlertTriangle } from "@tabler/icons-react";
import { ApiError } from "../lib/api";
import { Notice } from "./notice";
import classes from "./states.module.css";

/** Says in place that something did not work, with every problem the server named. */
export function Failure({ error }: { error: Error }) {
  const problems = error instanceof ApiError ? error.problems : [];
  const requestId = error instanceof ApiError ? error.requestId : "";
  return (
    <Notice tone="bad" icon={IconAlertTriangle} title={error.message}>
      {problems.length > 0 && (
        <ul className={classes.problems}>
          {problems.map((problem) => (
            <li key={`${problem.path} ${problem.message}`}>
              {problem.path && <code className={classes.code}>{problem.path}</code>}{" "}
              {problem.message}
            </li>
          ))}
        </ul>
      )}
      {requestId && <div className={classes.request}>Request {requestId}</div>}
    </Notice>
  );
}
