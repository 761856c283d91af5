import { Skeleton } from "@mantine/core";
import { Link, type LinkProps } from "@tanstack/react-router";
import { formatCount } from "../../lib/format";
import type { PipelineHealth } from "../../lib/model";
import type { Tone } from "../../lib/status";
import { countHealth } from "./health";
import classes from "./home.module.css";

/** The state of everything in four numbers. */
export function Tiles({ pipelines }: { pipelines: PipelineHealth[] | undefined }) {
  if (!pipelines) {
    return (
      <div className={classes.tiles} role="status" aria-label="Loading">
        {["running", "failing", "rate", "pipelines"].map((tile) => (
          <Skeleton key={tile} height={76} radius={10} />
        ))}
      </div>
    );
  }
  const { running, failing, successRate, total } = countHealth(pipelines);
  return (
    <div className={classes.tiles}>
      <Tile
        label="Running now"
        value={formatCount(running)}
        tone={running > 0 ? "busy" : "idle"}
        link={{ to: "/runs", search: { status: "running" } }}
      />
      <Tile
        label="Failing pipelines"
        value={formatCount(failing)}
        tone={failing > 0 ? "bad" : "good"}
        link={{ to: "/runs", search: { status: "failed" } }}
      />
      <Tile
        label="Success in recent runs"
        value={successRate === undefined ? "–" : `${Math.floor(successRate * 100)} %`}
        tone={successRate === undefined || successRate >= 0.9 ? "good" : "wait"}
        link={{ to: "/runs" }}
      />
      <Tile label="Pipelines" value={formatCount(total)} tone="idle" link={{ to: "/pipelines" }} />
    </div>
  );
}

type TileProps = { label: string; value: string; tone: Tone; link: LinkProps };

function Tile({ label, value, tone, link }: TileProps) {
  return (
    <Link {...link} className={classes.tile} data-tone={tone}>
      <span className={classes.tileLabel}>
        <span className={classes.tileDot} aria-hidden="true" />
        {label}
      </span>
      <span className={classes.tileValue}>{value}</span>
    </Link>
  );
}
