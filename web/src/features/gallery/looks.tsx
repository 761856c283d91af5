import { Text } from "@mantine/core";
import { runStatuses, type Status, type Tone } from "../../lib/status";
import { ColorSchemeToggle } from "../../ui/color-scheme-toggle";
import { icons, KindIcon, kindColour } from "../../ui/kind-icon";
import { Logo } from "../../ui/logo";
import { RelativeTime } from "../../ui/relative-time";
import { RunDuration } from "../../ui/run-duration";
import { RunTicks } from "../../ui/run-ticks";
import { SeverityBadge, SeverityIcon } from "../../ui/severity-icon";
import { StatusBadge } from "../../ui/status-badge";
import { StatusIcon } from "../../ui/status-icon";
import { ToneBadge } from "../../ui/tone-badge";
import classes from "./gallery.module.css";
import { Part, State } from "./part";
import { ago, runs } from "./things";

const statuses: Status[] = [...runStatuses, "skipped"];
const severities = ["info", "warning", "critical"] as const;
const tones: Tone[] = ["good", "bad", "busy", "wait", "idle", "muted"];
const categories = ["source", "transform", "quality", "sink", "other"];

const surfaces = ["page", "surface", "sunken", "hover", "line", "line-strong"];
const inks = ["text", "text-soft", "accent", "accent-soft", "accent-text"];
const spaces = [4, 8, 12, 16, 24, 40];
const sizes = [
  ["1.25rem", 650, "Title of a page"],
  ["0.875rem", 650, "Name in a table, title of a state"],
  ["0.8125rem", 650, "Title of a panel"],
  ["0.8125rem", 400, "Text in tables and under titles"],
  ["0.75rem", 550, "Head of a table, small print"],
] as const;

/** Colours, spaces and letters. */
export function Tokens() {
  return (
    <>
      <Part title="Colours">
        <State name="Surfaces and lines">
          <Swatches names={surfaces} />
        </State>
        <State name="Text and accent">
          <Swatches names={inks} />
        </State>
        <State name="Tones: sign, soft ground, text on it">
          <Swatches names={tones.flatMap((tone) => [tone, `${tone}-soft`, `${tone}-text`])} />
        </State>
        <State name="Kinds of nodes">
          <Swatches names={categories.map((category) => `kind-${category}`)} />
        </State>
      </Part>
      <Part title="Spaces">
        {spaces.map((pixels) => (
          <div key={pixels} className={classes.line}>
            <span className={classes.space} style={{ width: pixels }} /> {pixels}
          </div>
        ))}
      </Part>
      <Part title="Letters">
        {sizes.map(([size, weight, words]) => (
          <div key={words} style={{ fontSize: size, fontWeight: weight }}>
            {words}, {size} {weight}
          </div>
        ))}
        <Text ff="monospace" fz="xs">
          Code and log lines, 0.75rem monospace: 0123456789
        </Text>
      </Part>
    </>
  );
}

function Swatches({ names }: { names: string[] }) {
  return (
    <div className={classes.swatches}>
      {names.map((name) => (
        <span key={name} className={classes.swatch}>
          <span style={{ background: `var(--${name})` }} />
          {name}
        </span>
      ))}
    </div>
  );
}

/** Signs, badges, ticks, times. */
export function Signs() {
  const recent = runs.map(({ id, status, started_at }) => ({ id, status, started_at }));
  const many = Array.from({ length: 20 }, (_, place) => ({
    id: `many-${place}`,
    status: place % 6 === 4 ? ("failed" as const) : ("success" as const),
    started_at: ago(60 * place),
  }));
  return (
    <>
      <Part title="Status">
        <State name="Badge">
          <div className={classes.line}>
            {statuses.map((status) => (
              <StatusBadge key={status} status={status} />
            ))}
          </div>
        </State>
        <State name="Sign alone, with words beside it">
          <div className={classes.line}>
            {statuses.map((status) => (
              <StatusIcon key={status} status={status} />
            ))}
          </div>
        </State>
        <State name="Last runs: none, one of each status, twenty">
          <div className={classes.line}>
            <RunTicks runs={[]} />
            <RunTicks runs={recent} />
            <RunTicks runs={many} />
          </div>
        </State>
      </Part>
      <Part title="Tone">
        <div className={classes.line}>
          {tones.map((tone) => (
            <ToneBadge key={tone} tone={tone}>
              {tone}
            </ToneBadge>
          ))}
        </div>
      </Part>
      <Part title="Severity">
        <div className={classes.line}>
          {severities.map((severity) => (
            <SeverityBadge key={severity} severity={severity} />
          ))}
          {severities.map((severity) => (
            <SeverityIcon key={severity} severity={severity} />
          ))}
        </div>
      </Part>
      <Part title="Times">
        <State name="How long ago: none, now, minutes, hours, days, months, to come">
          <div className={classes.line}>
            <RelativeTime at={null} />
            {[0, 3, 130, 4_000, 90_000, -50].map((minutes) => (
              <RelativeTime key={minutes} at={ago(minutes)} />
            ))}
          </div>
        </State>
        <State name="How long it took, in every status">
          <div className={classes.line}>
            {runs.map((run) => (
              <RunDuration key={run.id} run={run} />
            ))}
          </div>
        </State>
      </Part>
      <Part title="Icons of kinds and examples">
        <div className={classes.line}>
          {Object.keys(icons).map((icon, place) => (
            <span
              key={icon}
              title={icon}
              style={{ color: kindColour(categories[place % categories.length] ?? "") }}
            >
              <KindIcon icon={icon} />
            </span>
          ))}
          <KindIcon icon={undefined} />
        </div>
      </Part>
      <Part title="The product's sign, and the switch of colours">
        <div className={classes.line}>
          <Logo />
          <ColorSchemeToggle />
        </div>
      </Part>
    </>
  );
}
