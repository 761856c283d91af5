import { Button } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { tryConnection } from "../../lib/connections";
import { notifyDone, notifyFailed } from "../../ui/notify";

/** Tries a connection the way a run would, and tells what was reached or what failed. */
export function TryButton({ name }: { name: string }) {
  const trial = useMutation({ mutationFn: tryConnection });
  const start = () =>
    trial.mutate(name, {
      onSuccess: ({ success, message, error, duration_ms }) =>
        success
          ? notifyDone(`${name}: ${message ?? "reached"}, in ${duration_ms} ms.`)
          : notifyFailed(`${name} cannot be used`, new Error(error ?? "It did not say why.")),
      onError: (error) => notifyFailed(`${name} was not tried`, error),
    });
  return (
    <Button
      size="compact-xs"
      variant="default"
      aria-label={`Test ${name}`}
      loading={trial.isPending}
      onClick={start}
    >
      Test
    </Button>
  );
}
