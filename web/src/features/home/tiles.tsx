import { Skeleton } from "@mantine/core";
import { Link, type LinkProps } from "@tanstack/react-router";
import { formatCount } from "../../lib/format";
import { type Day, dateOf } from "../../lib/history";
import type { PipelineHealth } from "../../lib/model";
import type { Tone } from "../../lib/status";
import { countRunning, failingPipelines } from "./health";
import classes from "./home.module.css";
import { countLately } from "./today";

type Props = { pipelines: PipelineHealth[] | undefined; days: Day[] | undefined };

/** The state of everything in four numbers. */
export function Tiles({ pipelines, days }: Props) {
  if (!pipelines || !days) {
    return (
      <div className={classes.tiles} role="status" aria-label="Loading">
        {["today", "running", "failing", "rate"].map((tile) => (
          <Skeleton key={tile} height={92} radius={10} />
        ))}
      </div>
    );
  }
  const { today, yesterday, successRate } = countLately(days);
  const running = countRunning(pipelines);
  const failing = failingPipelines(pipelines).length;
  return (
    <div className={classes.tiles}>
      <Tile
        label="Runs today"
        value={formatCount(today)}
        under={`${formatCount(yesterday)} yesterday`}
        tone="idle"
        link={{ to: "/runs", search: { day: dateOf(new Date()) } }}
      />
      <Tile
        label="Failing"
        value={formatCount(failing)}
        under={`of ${formatCount(pipelines.length)} pipelines`}
        tone={failing > 0 ? "bad" : "good"}
        link={{ to: "/runs", search: { status: "failed" } }}
      />
      <Tile
        label="Running now"
        value={formatCount(running)}
        under={running === 1 ? "run" : "runs"}
        tone={running > 0 ? "busy" : "idle"}
        link={{ to: "/runs", search: { status: "running" } }}
      />
      <Tile
        label="Success rate"
        value={successRate === undefined ? "–" : `${Math.floor(successRate * 100)} %`}
        under="in 7 days"
        tone={successRate === undefined || successRate >= 0.9 ? "good" : "wait"}
        link={{ to: "/runs", search: { range: "7d" } }}
      />
    </div>
  );
}

type TileProps = { label: string; value: string; under: string; tone: Tone; link: LinkProps };

function Tile({ label, value, under, tone, link }: TileProps) {
  return (
    <Link {...link} className={classes.tile} data-tone={tone}>
      <span className={classes.tileLabel}>
        <span className={classes.tileDot} aria-hidden="true" />
        {label}
      </span>
      <span className={classes.tileValue}>{value}</span>
      <span className={classes.tileUnder}>{under}</span>
    </Link>
  );
}
