import { Anchor } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { formatBytes } from "../../lib/format";
import { docs, type Storage } from "../../lib/system";
import { Notice } from "../../ui/notice";
import { Panel } from "../../ui/page";
import { Fact } from "./fact";
import classes from "./system.module.css";

/** What is kept of runs, how much it takes, and whether there is room for more. */
export function StorageView({ storage }: { storage: Storage }) {
  return (
    <Panel
      title="What is kept"
      aside={
        <Anchor href={docs.retention} target="_blank" rel="noreferrer" fz="sm">
          How to change it
        </Anchor>
      }
    >
      {storage.full && (
        <div className={classes.silent}>
          <Notice tone="bad" icon={IconAlertTriangle} title="No run starts">
            Less than {formatBytes(storage.reserve_bytes)} are free on the disk of the data folder.
            Make room there; nothing needs to be restarted.
          </Notice>
        </div>
      )}
      <dl className={classes.facts}>
        <Fact title="Runs">
          {storage.run_retention_days > 0
            ? `${storage.run_retention_days} days, and the newest ${storage.keep_runs} of each pipeline`
            : "For ever"}
        </Fact>
        <Fact title="Rows of runs">
          {storage.row_retention_days > 0
            ? `${storage.row_retention_days} days`
            : "As long as the run"}
          {storage.max_rows_bytes > 0 && `, at most ${formatBytes(storage.max_rows_bytes)}`}
        </Fact>
        <Fact title="Rows take up">
          {formatBytes(storage.rows_bytes)} of {storage.runs_with_rows}{" "}
          {storage.runs_with_rows === 1 ? "run" : "runs"}
        </Fact>
        {storage.artifacts && (
          <Fact title="For all machines">
            {formatBytes(storage.artifacts.bytes)} of {storage.artifacts.runs_with_rows}{" "}
            {storage.artifacts.runs_with_rows === 1 ? "run" : "runs"} in {storage.artifacts.place}
          </Fact>
        )}
        <Fact title="Free on the disk">{formatBytes(storage.free_bytes)}</Fact>
      </dl>
    </Panel>
  );
}
