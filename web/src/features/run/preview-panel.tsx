import { Loader } from "@mantine/core";
import { IconTableOff } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { ApiError } from "../../lib/api";
import { formatExactCount } from "../../lib/format";
import type { NodeRun, Preview } from "../../lib/model";
import { previewQuery } from "../../lib/queries";
import { DataTable } from "../../ui/data-table";
import { EmptyState, ErrorState } from "../../ui/states";
import classes from "./run.module.css";

/** The first rows that a node gave, with the type of every column. */
export function PreviewPanel({ runId, nodeRun }: { runId: string; nodeRun: NodeRun }) {
  const { status, node_id } = nodeRun;
  const began = status !== "pending" && status !== "skipped";
  const preview = useQuery({ ...previewQuery(runId, node_id), enabled: began });
  if (!began) {
    return (
      <EmptyState icon={IconTableOff} title="No rows yet">
        {status === "skipped"
          ? "This node was skipped, so it gave no rows."
          : "The rows show up here when the node has run."}
      </EmptyState>
    );
  }
  if (preview.isPending) {
    return <Loader size="sm" m="md" role="status" aria-label="Loading" />;
  }
  if (preview.isError) {
    const none = preview.error instanceof ApiError && preview.error.status === 404;
    if (!none) return <ErrorState error={preview.error} onRetry={() => void preview.refetch()} />;
    return (
      <EmptyState icon={IconTableOff} title="No rows were kept">
        {status === "running" ? "They show up when the node is done." : "This node kept no sample."}
      </EmptyState>
    );
  }
  return <PreviewTable preview={preview.data} />;
}

function PreviewTable({ preview }: { preview: Preview }) {
  const { columns, types, rows } = preview;
  return (
    <div className={classes.preview}>
      <DataTable columns={columns} types={types} rows={rows} />
      <p className={classes.previewFoot}>
        {extentOf(preview)}
        {`, ${columns.length} columns`}
      </p>
    </div>
  );
}

function extentOf({ rows, total_rows, truncated }: Preview): string {
  const shown = formatExactCount(rows.length);
  if (!truncated) return `All ${shown} rows`;
  return total_rows
    ? `The first ${shown} of ${formatExactCount(total_rows)} rows`
    : `The first ${shown} rows`;
}
