import { type FieldProps, FieldView } from "./field-view";
import { Problems } from "./problem-list";
import { suggestionIn } from "./problems";

type Props = FieldProps & { label: string; name: string; fixName: (name: string) => void };

/** The value of a row in a map. A suggestion for its name changes that. */
export function Entry({ name, fixName, ...props }: Props) {
  const ofName = props.problems.filter(({ message }) => suggestionIn(message)?.of === name);
  const rest = props.problems.filter((problem) => !ofName.includes(problem));
  // Nothing and empty text are the same here, and are shown as nothing.
  const value = props.value === "" && props.field.control.kind === "any" ? undefined : props.value;
  return (
    <>
      <FieldView {...props} value={value} problems={rest} />
      <Problems
        problems={ofName}
        value={name}
        onChange={(next) => typeof next === "string" && fixName(next)}
      />
    </>
  );
}
