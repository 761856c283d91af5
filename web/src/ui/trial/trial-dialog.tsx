import { Button, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { IconFlask } from "@tabler/icons-react";
import { type FormEvent, useState } from "react";
import { fieldProblems } from "../../lib/field-problems";
import { formatExactCount } from "../../lib/format";
import type { Pipeline } from "../../lib/model";
import { type TrialSettings, trialRows } from "../../lib/trials";
import { Failure } from "../failure";

type Props = {
  pipeline: Pick<Pipeline, "name">;
  settings: TrialSettings;
  error: Error | null;
  onTry: (settings: TrialSettings) => void;
  onClose: () => void;
};

/** How many rows a trial takes, and with which parameters. */
export function TrialDialog({ pipeline, settings, error, onTry, onClose }: Props) {
  const [rows, setRows] = useState(String(settings.rows));
  const [params, setParams] = useState(settings.params);
  const problems = fieldProblems(error, { rows: ["rows"] });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onTry({ ...settings, rows: Number(rows), params });
  };
  return (
    <Modal opened onClose={onClose} title={<Text fw={650}>Try {pipeline.name}</Text>}>
      <form onSubmit={submit}>
        <Stack gap="sm">
          <Text c="dimmed">
            Runs on a few rows and shows what comes out of every node. Nothing is written, and
            nothing is on record.
          </Text>
          <TextInput
            type="number"
            inputMode="numeric"
            label="Rows of every source"
            description={`The first ones; at most ${formatExactCount(trialRows.most)}.`}
            value={rows}
            min={1}
            max={trialRows.most}
            step={1}
            required
            withAsterisk={false}
            data-autofocus
            error={problems.at.rows}
            onChange={(event) => setRows(event.currentTarget.value)}
          />
          {Object.entries(params).map(([name, value]) => (
            <TextInput
              key={name}
              label={name}
              value={value}
              onChange={(event) => setParams({ ...params, [name]: event.currentTarget.value })}
            />
          ))}
        </Stack>
        {problems.rest && <Failure error={problems.rest} />}
        <Group justify="flex-end" mt="lg" gap="xs">
          <Button variant="default" onClick={onClose}>
            Not now
          </Button>
          <Button type="submit" leftSection={<IconFlask size={16} />}>
            Try
          </Button>
        </Group>
      </form>
    </Modal>
  );
}
