import { UnstyledButton } from "@mantine/core";
import type { Json, Problem } from "../../lib/model";
import classes from "./form.module.css";
import { applySuggestion, sentence, suggestionIn, withoutSuggestion } from "./problems";
import { useSurroundings } from "./surroundings";

type Props = {
  problems: Problem[];
  /** What suggestions are applied to. */
  value?: Json | undefined;
  onChange?: (next: Json) => void;
};

/** What is wrong with a setting, with a button that does what a message suggests. */
export function Problems({ problems, value, onChange }: Props) {
  if (problems.length === 0) return null;
  return (
    <span className={classes.problems}>
      {problems.map(({ path, message }) => (
        <OneProblem
          key={`${path}: ${message}`}
          message={message}
          value={value}
          onChange={onChange}
        />
      ))}
    </span>
  );
}

type OneProps = Pick<Props, "value"> & { message: string; onChange: Props["onChange"] };

function OneProblem({ message, value, onChange }: OneProps) {
  const { readOnly } = useSurroundings();
  const suggestion = suggestionIn(message);
  const next = suggestion && value !== undefined ? applySuggestion(value, suggestion) : undefined;
  if (!suggestion || next === undefined || !onChange || readOnly) {
    return <bdi className={classes.problem}>{sentence(message)}</bdi>;
  }
  return (
    <span className={classes.problem}>
      <bdi>{sentence(withoutSuggestion(message))}</bdi>{" "}
      <UnstyledButton className={classes.fix} onClick={() => onChange(next)}>
        Use <bdi>{suggestion.instead}</bdi>
      </UnstyledButton>
    </span>
  );
}
