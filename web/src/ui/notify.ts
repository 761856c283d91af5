import { notifications } from "@mantine/notifications";
import { ApiError } from "../lib/api";

/** Tells briefly that something was done. */
export function notifyDone(message: string): void {
  notifications.show({ message, color: "green", autoClose: 3_500 });
}

/** Tells that something did not work, and keeps telling until it is closed. */
export function notifyFailed(title: string, error: Error): void {
  const details = error instanceof ApiError ? error.problems.map((problem) => problem.message) : [];
  notifications.show({
    title,
    message: [error.message, ...details].join(" "),
    color: "red",
    autoClose: false,
  });
}
