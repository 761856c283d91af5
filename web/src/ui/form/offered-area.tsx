import { Combobox, Textarea, useCombobox } from "@mantine/core";
import "@mantine/core/styles/Combobox.css";
import { useState } from "react";
import { isNaming, offered } from "./offers";
import { OptionWords } from "./option-words";
import { useSurroundings } from "./surroundings";
import { useCaret, useNames } from "./use-names";

type Props = Omit<React.ComponentProps<typeof Textarea>, "value" | "onChange"> & {
  value: string;
  onChange: (next: string) => void;
  /** Secrets may stand in the text. */
  secrets: boolean;
};

/** Text of several lines, with names offered behind "${". */
export function OfferedArea({ value, onChange, secrets, ...rest }: Props) {
  const { readOnly } = useSurroundings();
  const [wanted, setWanted] = useState(false);
  const caret = useCaret<HTMLTextAreaElement>(value);
  const naming = wanted && !readOnly && isNaming(value, caret.at);
  const names = useNames(naming, secrets);
  const known = { columns: [], pipelines: [], connections: [], names };
  const list = naming ? offered(value, { from: "nothing" }, known, caret.at) : [];
  const opened = list.length > 0;
  const combobox = useCombobox({
    opened,
    onOpenedChange: (next) => setWanted(next),
    onDropdownClose: () => combobox.resetSelectedOption(),
  });
  const choose = (text: string) => {
    caret.goTo(list.find((one) => one.text === text)?.caret ?? text.length);
    onChange(text);
    setWanted(false);
  };
  return (
    <Combobox store={combobox} shadow="md" keepMounted={false} onOptionSubmit={choose}>
      <Combobox.Target autoComplete="off" withKeyboardNavigation={opened}>
        <Textarea
          {...rest}
          ref={caret.place}
          aria-autocomplete="list"
          value={value}
          readOnly={readOnly}
          onSelect={caret.note}
          onBlur={() => setWanted(false)}
          onChange={(event) => {
            caret.note();
            setWanted(true);
            combobox.resetSelectedOption();
            onChange(event.currentTarget.value);
          }}
        />
      </Combobox.Target>
      <Combobox.Dropdown hidden={!opened}>
        <Combobox.Options mah={260} style={{ overflowY: "auto" }} aria-label="Names">
          {list.map((one) => (
            <Combobox.Option key={one.shown} value={one.text}>
              <OptionWords shown={one.shown} hint={one.hint} />
            </Combobox.Option>
          ))}
        </Combobox.Options>
      </Combobox.Dropdown>
    </Combobox>
  );
}
