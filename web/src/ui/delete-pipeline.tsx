import { Text } from "@mantine/core";
import { lazy, Suspense, useState } from "react";
import { ApiError } from "../lib/api";
import { type Resolution, useDeletePipeline } from "../lib/commands";
import { formatExactCount } from "../lib/format";
import { useMay } from "../lib/session";
import { ConfirmDialog } from "./confirm-dialog";
import { notifyDone } from "./notify";

const DependentsChoice = lazy(() =>
  import("./dependents-choice").then(({ DependentsChoice }) => ({ default: DependentsChoice })),
);

type Props = {
  id: string;
  name: string;
  /** How many runs go with it; undefined when that is not known here. */
  runsTotal?: number;
  opened: boolean;
  onClose: () => void;
  onDeleted?: () => void;
};

/**
 * Asks before a pipeline is deleted, and when others depend on it, what becomes of these: the
 * server says so by refusing.
 */
export function DeletePipeline({ id, name, runsTotal, opened, onClose, onDeleted }: Props) {
  const remove = useDeletePipeline();
  const canEdit = useMay()("pipelines.edit");
  const [needed, setNeeded] = useState(false);
  const [resolve, setResolve] = useState<Resolution>(canEdit ? "decouple" : "cascade");
  const close = () => {
    setNeeded(false);
    remove.reset();
    onClose();
  };
  const destroy = () =>
    remove.mutate(needed ? { id, resolve } : { id }, {
      onSuccess: () => {
        const others = needed && resolve === "cascade" ? " and all that depended on it" : "";
        notifyDone(`“${name}”${others} was deleted.`);
        close();
        onDeleted?.();
      },
      onError: (error) => setNeeded(needed || isNeeded(error)),
    });
  return (
    <ConfirmDialog
      opened={opened}
      title="Delete this pipeline?"
      confirmLabel={needed && resolve === "cascade" ? "Delete all" : "Delete"}
      danger
      pending={remove.isPending}
      error={remove.error && !isNeeded(remove.error) ? remove.error : null}
      onConfirm={destroy}
      onClose={close}
    >
      <Text>
        This destroys <strong>{name}</strong>, all its versions
        {runsTotal
          ? `, and its ${formatExactCount(runsTotal)} ${runsTotal === 1 ? "run" : "runs"}`
          : " and runs"}{" "}
        with their logs and kept data. Files and tables that runs wrote stay where they are. It
        cannot be taken back.
      </Text>
      {needed && (
        <Suspense>
          <DependentsChoice id={id} canEdit={canEdit} value={resolve} onChange={setResolve} />
        </Suspense>
      )}
    </ConfirmDialog>
  );
}

function isNeeded(error: Error): boolean {
  return error instanceof ApiError && error.code === "pipeline_has_dependents";
}
