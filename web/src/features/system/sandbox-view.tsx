import { IconCircleCheckFilled, IconCircleXFilled } from "@tabler/icons-react";
import type { Tone } from "../../lib/status";
import type { Sandbox, SandboxPart } from "../../lib/system";
import { Panel } from "../../ui/page";
import { ToneBadge } from "../../ui/tone-badge";
import classes from "./system.module.css";

const levels: Record<Sandbox["level"], { label: string; tone: Tone; meaning: string }> = {
  full: {
    label: "Full",
    tone: "good",
    meaning: "Everything that shuts scripts in is in force on this machine.",
  },
  partial: {
    label: "Partial",
    tone: "wait",
    meaning:
      "Scripts run, and something that would shut them in is missing. Let only people write them whom you would give a shell.",
  },
  none: {
    label: "None",
    tone: "bad",
    meaning: "Nothing would shut scripts in on this machine, so it refuses to run them.",
  },
};

const names: Record<string, string> = {
  landlock: "Files and network (Landlock)",
  namespaces: "A view of its own (namespaces)",
  limits: "Limits",
  account: "The server's account",
};

/** What shuts scripts in on this machine, what is missing, and what to do about it. */
export function SandboxView({ sandbox }: { sandbox: Sandbox }) {
  const { label, tone, meaning } = levels[sandbox.level];
  return (
    <Panel title="What shuts scripts in" aside={<ToneBadge tone={tone}>{label}</ToneBadge>}>
      <p className={classes.meaning}>{meaning}</p>
      <ul className={classes.parts}>
        {(sandbox.parts ?? []).map((part) => (
          <Part key={part.name} part={part} />
        ))}
      </ul>
    </Panel>
  );
}

function Part({ part: { name, holds, detail, remedy } }: { part: SandboxPart }) {
  const Icon = holds ? IconCircleCheckFilled : IconCircleXFilled;
  return (
    <li data-tone={holds ? "good" : "bad"}>
      <Icon size={18} aria-hidden="true" />
      <div className={classes.partWords}>
        <strong>
          {names[name] ?? name}
          <span className={classes.state}>{holds ? "in force" : "missing"}</span>
        </strong>
        <div>{sentence(detail)}</div>
        {remedy && (
          <div className={classes.remedy}>
            <span>What to do:</span> {remedy}
          </div>
        )}
      </div>
    </li>
  );
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
