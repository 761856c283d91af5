import { Button, Loader } from "@mantine/core";
import { IconTableOff } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { ApiError } from "../../lib/api";
import { formatExactCount } from "../../lib/format";
import { rowsLimit, rowsQuery } from "../../lib/history";
import type { NodeRun, Preview } from "../../lib/model";
import { previewQuery } from "../../lib/queries";
import { useMay } from "../../lib/session";
import { DataTable } from "../../ui/data-table";
import { TextLink } from "../../ui/links";
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
  return <Rows runId={runId} nodeId={node_id} preview={preview.data} />;
}

type RowsProps = { runId: string; nodeId: string; preview: Preview };

/** The first rows, and more of them for those who ask. */
function Rows({ runId, nodeId, preview }: RowsProps) {
  const may = useMay();
  const [wanted, setWanted] = useState(false);
  const more = useQuery({ ...rowsQuery(runId, nodeId), enabled: wanted });
  const { total_rows } = preview;
  const shown = more.data
    ? { ...more.data, ...(total_rows === undefined ? {} : { total_rows }) }
    : preview;
  return (
    <PreviewTable preview={shown}>
      {preview.truncated && !more.data && may("runs.query") && (
        <Button
          size="compact-xs"
          variant="subtle"
          loading={more.isFetching}
          onClick={() => setWanted(true)}
        >
          Show up to {formatExactCount(rowsLimit)}
        </Button>
      )}
      {may("runs.query") && (
        <>
          {" · "}
          <TextLink to="/console" search={{ run: runId, node: nodeId }} inherit td="underline">
            Query these rows
          </TextLink>
        </>
      )}
      {more.data && more.data.rows.length <= preview.rows.length && (
        <span> · The run has kept no more of them.</span>
      )}
      {more.isError && <span role="alert">{more.error.message}</span>}
    </PreviewTable>
  );
}

function PreviewTable({ preview, children }: { preview: Preview; children: ReactNode }) {
  const { columns, types, rows } = preview;
  return (
    <div className={classes.preview}>
      <DataTable columns={columns} types={types} rows={rows} />
      <p className={classes.previewFoot}>
        {extentOf(preview)}
        {`, ${columns.length} columns `}
        {children}
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
