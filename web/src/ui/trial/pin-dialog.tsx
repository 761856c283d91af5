import { Button, Group, Modal, Text, Textarea } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { fieldProblems } from "../../lib/field-problems";
import { type Pin, type PinPlace, usePin } from "../../lib/trials";
import { Failure } from "../failure";
import { pinnedText, readPinned } from "./pinned-text";
import classes from "./trial.module.css";

type Props = { place: PinPlace; name: string; pin: Pin; onClose: () => void };

/** The pinned rows of a node as text. */
export function PinDialog({ place, name, pin: before, onClose }: Props) {
  const { pin } = usePin(place);
  const [text, setText] = useState(() => pinnedText(before));
  const [wrong, setWrong] = useState("");
  const problems = fieldProblems(pin.error, { rows: ["rows"] });
  const change = (value: string) => {
    setText(value);
    setWrong("");
    pin.reset();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const rows = readPinned(text, before);
    if (typeof rows === "string") setWrong(rows);
    else pin.mutate(rows, { onSuccess: onClose });
  };
  return (
    <Modal opened onClose={onClose} size="xl" title={<Text fw={650}>Pinned rows of {name}</Text>}>
      <form onSubmit={submit}>
        <Textarea
          label="Rows"
          description="A JSON object for each row: the values by their columns."
          value={text}
          rows={16}
          spellCheck={false}
          data-autofocus
          classNames={{ input: classes.json ?? "" }}
          error={wrong || problems.at.rows}
          onChange={(event) => change(event.currentTarget.value)}
        />
        {problems.rest && <Failure error={problems.rest} />}
        <Group justify="flex-end" mt="lg" gap="xs">
          <Button variant="default" onClick={onClose}>
            Keep as it is
          </Button>
          <Button type="submit" loading={pin.isPending}>
            Pin
          </Button>
        </Group>
      </form>
    </Modal>
  );
}
