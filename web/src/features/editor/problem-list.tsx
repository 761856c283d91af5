import { UnstyledButton } from "@mantine/core";
import {
  IconAlertCircle,
  IconAlertTriangle,
  IconCheck,
  IconChevronDown,
} from "@tabler/icons-react";
import { useState } from "react";
import type { Sketch } from "../../lib/document/model";
import classes from "./editor.module.css";
import type { Found } from "./problems";

type Props = { found: Found[]; sketch: Sketch; onShow: (found: Found) => void };

/** Everything that is wrong with the document; each leads to its place. */
export function ProblemList({ found, sketch, onShow }: Props) {
  const [open, setOpen] = useState(false);
  const errors = found.filter(({ level }) => level === "error").length;
  const warnings = found.length - errors;
  if (found.length === 0) {
    return (
      <div className={classes.problems}>
        <span className={classes.problemsHead} data-tone="good" role="status">
          <IconCheck size={16} aria-hidden="true" /> No problems
        </span>
      </div>
    );
  }
  const words = [counted(errors, "problem"), counted(warnings, "warning")].filter(Boolean);
  return (
    <section className={classes.problems} aria-label="Problems">
      <UnstyledButton
        className={classes.problemsHead}
        data-tone={errors > 0 ? "bad" : "wait"}
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        {errors > 0 ? (
          <IconAlertCircle size={16} aria-hidden="true" />
        ) : (
          <IconAlertTriangle size={16} aria-hidden="true" />
        )}
        {words.join(", ")}
        <IconChevronDown size={14} aria-hidden="true" className={open ? "" : classes.turned} />
      </UnstyledButton>
      {open && (
        <ul className={classes.problemList}>
          {found.map((one) => (
            <li key={`${one.level} ${one.path} ${one.message}`}>
              <UnstyledButton
                className={classes.problem}
                data-tone={one.level === "error" ? "bad" : "wait"}
                onClick={() => onShow(one)}
              >
                <bdi className={classes.problemPlace}>{placeOf(one, sketch)}</bdi>
                <span dir="auto">{one.message}</span>
              </UnstyledButton>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

const counted = (count: number, what: string) =>
  count === 0 ? "" : `${count} ${what}${count === 1 ? "" : "s"}`;

/** "Filter: condition", or the place as the server writes it. */
function placeOf({ path, node, setting }: Found, { nodes }: Sketch): string {
  const named = nodes.find(({ id }) => id === node);
  if (!named) return path || "Pipeline";
  const name = named.name || named.id;
  return setting ? `${name}: ${setting}` : name;
}
