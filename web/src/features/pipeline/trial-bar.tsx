import { Button, Loader } from "@mantine/core";
import { IconAlertTriangle, IconFlask } from "@tabler/icons-react";
import { formatExactCount } from "../../lib/format";
import type { Pipeline } from "../../lib/model";
import type { Trial, TrialSettings } from "../../lib/trials";
import classes from "../../ui/trial/trial.module.css";
import type { Trying } from "./use-try";

type Props = { pipeline: Pipeline; trying: Trying; onShow: (nodeId: string) => void };

/** Over the canvas: that this is a trial, how it stands, and what can be done about it. */
export function TrialBar({ pipeline, trying, onShow }: Props) {
  const { trial, trying: underWay, again, stop, close } = trying;
  if (underWay) {
    return (
      <div className={classes.bar} data-tone="busy" role="status">
        <Loader size={16} color="var(--tone-text)" />
        <span className={classes.words}>
          Trying {extent(underWay, pipeline)}. You can leave this page and come back.
        </span>
        <Button size="compact-sm" variant="default" onClick={stop}>
          Stop
        </Button>
      </div>
    );
  }
  if (!trial) return null;
  const failed = trial.status === "failed";
  return (
    <div className={classes.bar} data-tone={failed ? "bad" : "busy"} role="status">
      {failed ? <IconAlertTriangle size={18} /> : <IconFlask size={18} />}
      <span className={classes.words}>
        A trial of {extent(trial.settings, pipeline)}: nothing was written
        {failed && <Blame trial={trial} onShow={onShow} />}
      </span>
      <Button size="compact-sm" variant="default" onClick={again}>
        Try again
      </Button>
      <Button size="compact-sm" variant="default" onClick={close}>
        Close
      </Button>
    </div>
  );
}

/** Which node made the trial fail, or why it failed. */
function Blame({ trial, onShow }: { trial: Trial; onShow: (nodeId: string) => void }) {
  const culprit = Object.values(trial.results).find(({ status }) => status === "failed");
  if (!culprit) return <bdi>. {trial.failure?.message}</bdi>;
  return (
    <>
      {". It failed at "}
      <button type="button" className={classes.link} onClick={() => onShow(culprit.node_id)}>
        <bdi>{culprit.name || culprit.node_id}</bdi>
      </button>
    </>
  );
}

/** What was tried: "100 rows per source up to Late ones only". */
function extent({ rows, until }: TrialSettings, { nodes }: Pipeline): string {
  const last = nodes.find(({ id }) => id === until);
  const count = `${formatExactCount(rows)} ${rows === 1 ? "row" : "rows"} per source`;
  return until ? `${count} up to ${last?.name || until}` : count;
}
