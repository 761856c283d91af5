import { Button, Group } from "@mantine/core";
import {
  IconCalendarRepeat,
  IconPlayerPause,
  IconPlayerPlay,
  IconPlayerStop,
} from "@tabler/icons-react";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import { formatExact, formatExactCount } from "../../lib/format";
import type { Pipeline } from "../../lib/model";
import { useMay } from "../../lib/session";
import { ConfirmDialog } from "../../ui/confirm-dialog";
import { KeysetPager } from "../../ui/keyset-pager";
import { notifyFailed } from "../../ui/notify";
import { Panel } from "../../ui/page";
import { RelativeTime } from "../../ui/relative-time";
import { EmptyState, ErrorState, LoadingRows } from "../../ui/states";
import { ToneBadge } from "../../ui/tone-badge";
import { BackfillDialog } from "./backfill-dialog";
import { type Backfill, toneOf, useBackfills, useMoveBackfill } from "./backfills";
import classes from "./backfills.module.css";

const route = getRouteApi("/shell/pipelines/$pipelineId");

/** The runs of a pipeline for intervals that have passed: how far they are, and new ones. */
export function BackfillsTab({ pipeline }: { pipeline: Pipeline }) {
  const { after } = route.useSearch();
  const navigate = route.useNavigate();
  const may = useMay();
  const [asking, setAsking] = useState(false);
  const backfills = useBackfills(pipeline.id, after);
  const start = may("pipelines.run") && !pipeline.draft && (
    <Button size="xs" onClick={() => setAsking(true)}>
      New backfill
    </Button>
  );
  const all = backfills.data?.items ?? [];
  return (
    <Panel title="Backfills" aside={all.length > 0 && start}>
      {backfills.isPending && <LoadingRows rows={4} height={48} />}
      {backfills.isError && (
        <ErrorState error={backfills.error} onRetry={() => void backfills.refetch()} />
      )}
      {backfills.isSuccess && all.length === 0 && (
        <EmptyState icon={IconCalendarRepeat} title="No backfills" action={start}>
          A backfill runs the pipeline for each day, hour or month of a time that has passed.
        </EmptyState>
      )}
      <ul className={classes.list}>
        {all.map((backfill) => (
          <BackfillRow key={backfill.id} backfill={backfill} />
        ))}
      </ul>
      <KeysetPager
        page={backfills.data}
        first={after === undefined}
        onFirst={() => void navigate({ search: { tab: "backfills" } })}
        onNext={(cursor) => void navigate({ search: { tab: "backfills", after: cursor } })}
      />
      {asking && <BackfillDialog pipeline={pipeline} onClose={() => setAsking(false)} />}
    </Panel>
  );
}

function BackfillRow({ backfill }: { backfill: Backfill }) {
  const { start, end, interval, timezone, status, reason, created_at, started_by } = backfill;
  return (
    <li className={classes.row}>
      <div className={classes.head}>
        <ToneBadge tone={toneOf[status]}>{status}</ToneBadge>
        <span className={classes.range}>
          {formatExact(start)} up to {formatExact(end)}
        </span>
        <span className={classes.soft}>
          <code>{interval}</code> {timezone}, <RelativeTime at={created_at} />
          {started_by && ` by ${started_by}`}
        </span>
        <Orders backfill={backfill} />
      </div>
      <Bar backfill={backfill} />
      {reason && <p className={classes.soft}>It pauses: {reason}.</p>}
    </li>
  );
}

function Bar({ backfill }: { backfill: Backfill }) {
  const { total, done, failed, cancelled, running, skipped } = backfill.progress;
  const over = done + failed + cancelled + skipped;
  const words = [
    `${formatExactCount(done)} of ${formatExactCount(total)} done`,
    running > 0 && `${running} under way`,
    failed > 0 && `${formatExactCount(failed)} failed`,
    skipped > 0 && `${formatExactCount(skipped)} skipped`,
    cancelled > 0 && `${cancelled} cancelled`,
  ];
  return (
    <div className={classes.progress}>
      <progress
        className={classes.bar}
        data-failed={failed > 0 || undefined}
        aria-label="Intervals that are over"
        max={total}
        value={over}
      />
      <span>{words.filter(Boolean).join(", ")}</span>
    </div>
  );
}

function Orders({ backfill: { id, status } }: { backfill: Backfill }) {
  const may = useMay();
  const move = useMoveBackfill(id);
  const [sure, setSure] = useState(false);
  if (!may("pipelines.run") || status === "done" || status === "cancelled") return null;
  const change = (what: "pause" | "continue") =>
    move.mutate(what, {
      onError: (error) => notifyFailed("The backfill was not changed", error),
    });
  return (
    <Group gap="xs" className={classes.orders ?? ""}>
      {status === "running" ? (
        <Button
          size="xs"
          variant="default"
          leftSection={<IconPlayerPause size={14} />}
          loading={move.isPending}
          onClick={() => change("pause")}
        >
          Pause
        </Button>
      ) : (
        <Button
          size="xs"
          variant="default"
          leftSection={<IconPlayerPlay size={14} />}
          loading={move.isPending}
          onClick={() => change("continue")}
        >
          Continue
        </Button>
      )}
      <Button
        size="xs"
        variant="default"
        leftSection={<IconPlayerStop size={14} />}
        onClick={() => setSure(true)}
      >
        Cancel
      </Button>
      <ConfirmDialog
        opened={sure}
        title="Cancel the backfill?"
        confirmLabel="Cancel it"
        danger
        pending={move.isPending}
        error={move.error}
        onConfirm={() => move.mutate("cancel", { onSuccess: () => setSure(false) })}
        onClose={() => setSure(false)}
      >
        It starts no more runs, and those that it has started end now.
      </ConfirmDialog>
    </Group>
  );
}
