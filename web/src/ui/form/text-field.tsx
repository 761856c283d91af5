import { Autocomplete, Button, PasswordInput, Textarea } from "@mantine/core";
import "@mantine/core/styles/Combobox.css";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { connectionsQuery } from "../../lib/connections";
import { pipelineHealthQuery } from "../../lib/queries";
import type { FieldProps } from "./field-view";
import type { Offers } from "./fields";
import classes from "./form.module.css";
import { fallbackText, wordsOf } from "./frame";
import { offered } from "./offers";
import { useSurroundings } from "./surroundings";

type TextProps = FieldProps & { offers: Offers; mayBeEmpty?: boolean };

/** A line of text, with what is known to fit offered while it is written. */
export function TextField({ offers, mayBeEmpty = false, ...props }: TextProps) {
  const { field, value, onChange, label } = props;
  const { readOnly } = useSurroundings();
  const text = typeof value === "string" ? value : "";
  const inEntry = label !== undefined;
  const emptied = mayBeEmpty && value === "" && !inEntry;
  const reset = (
    <Button size="compact-xs" variant="subtle" onClick={() => onChange(undefined)}>
      Default
    </Button>
  );
  return (
    <OfferedText
      {...wordsOf(props)}
      offers={offers}
      value={text}
      placeholder={emptied ? "Nothing" : fallbackText({ field })}
      readOnly={readOnly}
      {...(emptied && !readOnly ? { rightSection: reset, rightSectionWidth: 70 } : {})}
      onChange={(next) => onChange(next === "" && !mayBeEmpty && !inEntry ? undefined : next)}
    />
  );
}

type OfferedProps = Omit<
  React.ComponentProps<typeof Autocomplete>,
  "data" | "value" | "onChange" | "filter" | "renderOption"
> & {
  offers: Offers;
  value: string;
  onChange: (next: string) => void;
};

/** An input that offers columns, pipelines, connections or values, and placeholders behind "${". */
export function OfferedText({ offers, value, onChange, ...rest }: OfferedProps) {
  const { columns, placeholders, readOnly } = useSurroundings();
  const [wanted, setWanted] = useState(false);
  const pipelines = useQuery({ ...pipelineHealthQuery, enabled: offers.from === "pipelines" });
  const connections = useQuery({ ...connectionsQuery, enabled: offers.from === "connections" });
  const list = offered(value, offers, {
    columns,
    placeholders,
    pipelines: pipelines.data ?? [],
    connections: connections.data ?? [],
  });
  const hints = new Map(list.map((one) => [one.text, one]));
  return (
    <Autocomplete
      {...rest}
      value={value}
      onChange={onChange}
      data={readOnly ? [] : [...hints.keys()]}
      filter={({ options }) => options}
      // With nothing to offer there is no list, not an empty one.
      dropdownOpened={wanted && hints.size > 0}
      onDropdownOpen={() => setWanted(true)}
      onDropdownClose={() => setWanted(false)}
      maxDropdownHeight={260}
      comboboxProps={{ shadow: "md", keepMounted: false }}
      renderOption={({ option }) => {
        const hint = hints.get(option.value);
        return (
          <span className={classes.option}>
            <bdi>{hint?.shown ?? option.value}</bdi>
            {hint?.hint && <span className={classes.soft}>{hint.hint}</span>}
          </span>
        );
      }}
    />
  );
}

/** Text of several lines. */
export function LongTextField(props: FieldProps) {
  const { value, onChange, label } = props;
  const { readOnly } = useSurroundings();
  return (
    <Textarea
      {...wordsOf(props)}
      value={typeof value === "string" ? value : ""}
      placeholder={fallbackText(props)}
      readOnly={readOnly}
      rows={4}
      onChange={({ currentTarget }) =>
        onChange(
          currentTarget.value === "" && label === undefined ? undefined : currentTarget.value,
        )
      }
    />
  );
}

/** A secret, hidden until its owner looks at it. */
export function SecretField(props: FieldProps) {
  const { value, onChange } = props;
  const { readOnly } = useSurroundings();
  return (
    <PasswordInput
      {...wordsOf(props)}
      value={typeof value === "string" ? value : ""}
      readOnly={readOnly}
      autoComplete="off"
      visibilityToggleButtonProps={{ "aria-label": "Show or hide" }}
      description="Whoever may read the pipeline can read this."
      onChange={({ currentTarget }) => onChange(currentTarget.value || undefined)}
    />
  );
}
