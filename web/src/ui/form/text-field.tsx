import { Autocomplete, Button } from "@mantine/core";
import "@mantine/core/styles/Combobox.css";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { connectionsQuery } from "../../lib/connections";
import { pipelineHealthQuery } from "../../lib/queries";
import type { FieldProps } from "./field-view";
import type { Offers } from "./fields";
import { fallbackText, wordsOf } from "./frame";
import { OfferedArea } from "./offered-area";
import { isNaming, offered } from "./offers";
import { OptionWords } from "./option-words";
import { useSurroundings } from "./surroundings";
import { useCaret, useNames } from "./use-names";

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
      secrets={field.secrets}
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
  /** Names may stand in the text, as they may nearly everywhere. */
  named?: boolean;
  /** Secrets may be among them. */
  secrets?: boolean;
};

/** An input that offers columns, pipelines, connections or values, and names behind "${". */
export function OfferedText(props: OfferedProps) {
  const { offers, value, onChange, named = true, secrets = false, ...rest } = props;
  const { columns, readOnly } = useSurroundings();
  const caret = useCaret<HTMLInputElement>(value);
  const names = useNames(named && isNaming(value, caret.at), secrets);
  const [wanted, setWanted] = useState(false);
  const pipelines = useQuery({ ...pipelineHealthQuery, enabled: offers.from === "pipelines" });
  const connections = useQuery({ ...connectionsQuery, enabled: offers.from === "connections" });
  const known = {
    columns,
    names,
    pipelines: pipelines.data ?? [],
    connections: connections.data ?? [],
  };
  const list = offered(value, offers, known, caret.at);
  const hints = new Map(list.map((one) => [one.text, one]));
  return (
    <Autocomplete
      {...rest}
      ref={caret.place}
      value={value}
      onSelect={caret.note}
      onOptionSubmit={(text) => caret.goTo(hints.get(text)?.caret ?? text.length)}
      onChange={(next) => {
        caret.note();
        onChange(next);
      }}
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
        return <OptionWords shown={hint?.shown ?? option.value} hint={hint?.hint ?? ""} />;
      }}
    />
  );
}

/** Text of several lines. */
export function LongTextField(props: FieldProps) {
  const { field, value, onChange, label } = props;
  return (
    <OfferedArea
      {...wordsOf(props)}
      secrets={field.secrets}
      value={typeof value === "string" ? value : ""}
      placeholder={fallbackText(props)}
      rows={4}
      onChange={(next) => onChange(next === "" && label === undefined ? undefined : next)}
    />
  );
}

/** A secret, hidden until its owner looks at it. The name of one hides nothing, and is seen. */
export function SecretField(props: FieldProps) {
  const { field, value, onChange } = props;
  const { placeholders, readOnly } = useSurroundings();
  const [shown, setShown] = useState(false);
  const text = typeof value === "string" ? value : "";
  const named = placeholders.length > 0;
  return (
    <OfferedText
      {...wordsOf(props)}
      offers={{ from: "nothing" }}
      secrets={field.secrets}
      value={text}
      type={shown || (named && text.startsWith("${")) ? "text" : "password"}
      readOnly={readOnly}
      autoComplete="off"
      description={`Whoever may read the pipeline can read this${named && field.secrets ? "; write ${ for the name of a secret" : ""}.`}
      rightSection={
        <Button size="compact-xs" variant="subtle" onClick={() => setShown(!shown)}>
          {shown ? "Hide" : "Show"}
        </Button>
      }
      rightSectionWidth={60}
      onChange={(next) => onChange(next || undefined)}
    />
  );
}
