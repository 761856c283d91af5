import {
  Button,
  Checkbox,
  Group,
  Modal,
  SegmentedControl,
  Stack,
  Text,
  TextInput,
} from "@mantine/core";
import { IconCalendarRepeat } from "@tabler/icons-react";
import { type FormEvent, useState } from "react";
import { fieldProblems } from "../../lib/field-problems";
import { formatExact, formatExactCount } from "../../lib/format";
import type { Pipeline } from "../../lib/model";
import { Failure } from "../../ui/failure";
import { givenOf, ParamFields, paramsOf } from "../../ui/param-fields";
import {
  type BackfillOrder,
  type BackfillPlan,
  useBackfillPlan,
  useStartBackfill,
} from "./backfills";
import classes from "./backfills.module.css";

const fields = {
  start: ["start", "start_date"],
  end_date: ["end", "end_date"],
  concurrency: ["concurrency"],
};

/** Which intervals a backfill is to run, and how; says how many that are. */
export function BackfillDialog({ pipeline, onClose }: { pipeline: Pipeline; onClose: () => void }) {
  const scheduled = Boolean(pipeline.schedule || pipeline.schedules?.length);
  const [order, setOrder] = useState<BackfillOrder>({
    start: "",
    end_date: "",
    interval: scheduled ? "" : "day",
    concurrency: 1,
    order: "oldest",
    force: false,
    on_failure: "continue",
  });
  const declared = pipeline.parameters ?? {};
  const usual = paramsOf(declared, pipeline.params);
  const [params, setParams] = useState(usual);
  const plan = useBackfillPlan(pipeline.id, order);
  const start = useStartBackfill(pipeline.id);
  const problems = fieldProblems(start.error ?? plan.error, fields);
  const change = (part: Partial<BackfillOrder>) => {
    start.reset();
    setOrder({ ...order, ...part });
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    // What is as the pipeline has it is left to the pipeline.
    const changed = Object.entries(params).filter(([name, value]) => value !== usual[name]);
    const given = givenOf(Object.fromEntries(changed), declared);
    const more = Object.keys(given).length > 0 ? { params: given } : {};
    start.mutate({ ...order, ...more }, { onSuccess: onClose });
  };
  return (
    <Modal opened onClose={onClose} title={<Text fw={650}>Backfill {pipeline.name}</Text>}>
      <form onSubmit={submit}>
        <Stack gap="sm">
          <Text c="dimmed">
            Runs the pipeline once for each interval that begins on these days.
          </Text>
          <Group grow align="flex-start">
            <TextInput
              type="date"
              label="First day"
              value={order.start}
              required
              withAsterisk={false}
              data-autofocus
              error={problems.at.start}
              onChange={(event) => change({ start: event.currentTarget.value })}
            />
            <TextInput
              type="date"
              label="Last day"
              value={order.end_date}
              required
              withAsterisk={false}
              error={problems.at.end_date}
              onChange={(event) => change({ end_date: event.currentTarget.value })}
            />
          </Group>
          <SegmentedControl
            size="xs"
            aria-label="Interval"
            data={intervals.filter(({ value }) => value !== "" || scheduled)}
            value={order.interval}
            onChange={(interval) => change({ interval })}
          />
          <SegmentedControl
            size="xs"
            aria-label="Order"
            data={orders}
            value={order.order}
            onChange={(value) => change({ order: value === "newest" ? "newest" : "oldest" })}
          />
          <TextInput
            type="number"
            inputMode="numeric"
            label="Runs at once"
            value={String(order.concurrency)}
            min={1}
            max={100}
            required
            withAsterisk={false}
            error={problems.at.concurrency}
            onChange={(event) => change({ concurrency: Number(event.currentTarget.value) })}
          />
          <Checkbox
            label="Skip intervals that have a run which has succeeded"
            checked={!order.force}
            onChange={(event) => change({ force: !event.currentTarget.checked })}
          />
          <Checkbox
            label="Pause when a run fails"
            checked={order.on_failure === "pause"}
            onChange={(event) =>
              change({ on_failure: event.currentTarget.checked ? "pause" : "continue" })
            }
          />
          <ParamFields
            params={params}
            declared={declared}
            placeholders
            onChange={(next) => {
              start.reset();
              setParams(next);
            }}
          />
        </Stack>
        <p className={classes.plan} role="status">
          {plan.data && <Planned plan={plan.data} />}
        </p>
        {problems.rest && <Failure error={problems.rest} />}
        <Group justify="flex-end" mt="lg" gap="xs">
          <Button variant="default" onClick={onClose}>
            Not now
          </Button>
          <Button
            type="submit"
            loading={start.isPending}
            leftSection={<IconCalendarRepeat size={16} />}
          >
            Start
          </Button>
        </Group>
      </form>
    </Modal>
  );
}

const intervals = [
  { value: "", label: "Schedule" },
  { value: "hour", label: "Hour" },
  { value: "day", label: "Day" },
  { value: "week", label: "Week" },
  { value: "month", label: "Month" },
];

const orders = [
  { value: "oldest", label: "Oldest first" },
  { value: "newest", label: "Newest first" },
];

function Planned({ plan: { intervals: n, first, last } }: { plan: BackfillPlan }) {
  return (
    <>
      <strong>
        {formatExactCount(n)} {n === 1 ? "interval" : "intervals"}
      </strong>
      , the first from {formatExact(first.start)}, the last up to {formatExact(last.end)}
    </>
  );
}
