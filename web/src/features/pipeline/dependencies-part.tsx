import { Button, Group, Modal, Stack, Switch, Text, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import type { Pipeline } from "../../lib/model";
import { pipelineHealthQuery } from "../../lib/queries";
import { useMay } from "../../lib/session";
import type { DependencyRule } from "../../lib/trigger-model";
import { Failure } from "../../ui/failure";
import { TextLink } from "../../ui/links";
import { NativeSelect } from "../../ui/native-select";
import { notifyFailed } from "../../ui/notify";
import { ErrorState, LoadingRows } from "../../ui/states";
import { type Upstream, useDependencies, useSaveTriggers } from "./triggers";
import classes from "./triggers.module.css";

type Props = { pipeline: Pipeline };

const ended: Record<string, string> = {
  succeeded: "has succeeded",
  failed: "has failed",
  completed: "has ended",
};

/** The other pipelines whose runs those of this one wait for, or are started by. */
export function DependenciesPart({ pipeline }: Props) {
  const dependencies = useDependencies(pipeline);
  const [adding, dialog] = useDisclosure();
  const edit = useMay()("pipelines.edit");
  return (
    <section className={classes.part} aria-label="Other pipelines">
      <div className={classes.head}>
        <h2 className={classes.title}>Other pipelines</h2>
      </div>
      {dependencies.isPending && <LoadingRows rows={1} />}
      {dependencies.isError && (
        <ErrorState error={dependencies.error} onRetry={() => void dependencies.refetch()} />
      )}
      {dependencies.data?.deps?.length === 0 && (
        <Text size="sm" c="var(--text-soft)" mb="sm">
          Runs can wait for those of other pipelines, or start when these end.
        </Text>
      )}
      {dependencies.data?.deps?.map((one) => (
        <Line key={`${one.pipeline_id} ${one.mode}`} pipeline={pipeline} upstream={one} />
      ))}
      {edit && dependencies.data && (
        <Button size="xs" variant="default" onClick={dialog.open}>
          Add a pipeline…
        </Button>
      )}
      {adding && <AddDialog pipeline={pipeline} onClose={dialog.close} />}
    </section>
  );
}

/** The document's members without a rule, and with another one in its place unless there is none. */
function replaced(pipeline: Pipeline, old: Upstream, rule?: DependencyRule): Partial<Pipeline> {
  const other = ({ pipeline_id, mode = "gate" }: DependencyRule) =>
    mode !== old.mode || !names(old, pipeline_id);
  const rules = (pipeline.dependency_rules ?? []).filter(other);
  return {
    depends_on: (pipeline.depends_on ?? []).filter(
      (ref) => old.mode !== "gate" || !names(old, ref),
    ),
    dependency_rules: rule ? [...rules, rule] : rules,
  };
}

function names({ pipeline_id, slug }: Upstream, ref: string): boolean {
  return ref === pipeline_id || (slug !== undefined && ref === slug);
}

function Line({ pipeline, upstream }: Props & { upstream: Upstream }) {
  const { pipeline_id, name, mode, state, within_seconds, paused, missing } = upstream;
  const edit = useMay()("pipelines.edit");
  const save = useSaveTriggers(pipeline);
  const failed = (error: Error) => notifyFailed("The rule was not changed", error);
  const shown = name ?? pipeline_id;
  const turn = (on: boolean) =>
    save.mutate(
      replaced(pipeline, upstream, {
        pipeline_id,
        mode,
        state,
        paused: !on,
        ...(within_seconds ? { within_seconds } : {}),
      }),
      { onError: failed },
    );
  return (
    <div className={classes.facts}>
      <Switch
        size="xs"
        aria-label={`${mode === "gate" ? "Wait for" : "Start after"} ${shown}`}
        checked={!paused}
        disabled={!edit || save.isPending || missing}
        onChange={(event) => turn(event.currentTarget.checked)}
      />
      <span>
        {mode === "gate" ? "Waits until " : "Starts when a run of "}
        {missing ? (
          shown
        ) : (
          <TextLink
            fz="inherit"
            td="underline"
            to="/pipelines/$pipelineId"
            params={{ pipelineId: pipeline_id }}
          >
            {shown}
          </TextLink>
        )}{" "}
        {ended[state]}
        {within_seconds ? ` within ${within_seconds} seconds` : ""}
      </span>
      {mode === "gate" && !paused && (
        <span dir="auto">{upstream.satisfied ? "Open" : `Closed: ${upstream.reason}`}</span>
      )}
      {edit && (
        <Button
          size="compact-xs"
          variant="default"
          aria-label={`Remove ${shown}`}
          loading={save.isPending}
          onClick={() => save.mutate(replaced(pipeline, upstream), { onError: failed })}
        >
          Remove
        </Button>
      )}
    </div>
  );
}

const modes = [
  { value: "gate", label: "Runs wait until" },
  { value: "trigger", label: "A run starts each time" },
];

const states = [
  { value: "succeeded", label: "its run has succeeded" },
  { value: "failed", label: "its run has failed" },
  { value: "completed", label: "its run has ended, however" },
];

function AddDialog({ pipeline, onClose }: Props & { onClose: () => void }) {
  const all = useQuery(pipelineHealthQuery);
  const save = useSaveTriggers(pipeline);
  const [rule, setRule] = useState({
    pipeline_id: "",
    mode: "gate",
    state: "succeeded",
    within: "",
  });
  const others = (all.data ?? []).filter(({ id }) => id !== pipeline.id);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const { pipeline_id, within } = rule;
    const mode = rule.mode === "trigger" ? "trigger" : "gate";
    const state = stateOf(rule.state);
    const more = mode === "gate" && within ? { within_seconds: Number(within) } : {};
    const rules = [...(pipeline.dependency_rules ?? []), { pipeline_id, mode, state, ...more }];
    save.mutate({ dependency_rules: rules as DependencyRule[] }, { onSuccess: onClose });
  };
  return (
    <Modal opened onClose={onClose} title={<Text fw={650}>Another pipeline</Text>}>
      <form onSubmit={submit}>
        <Stack gap="sm">
          <NativeSelect
            label="Pipeline"
            required
            withAsterisk={false}
            data-autofocus
            data={[
              { value: "", label: "Choose one" },
              ...others.map(({ id, name }) => ({ value: id, label: name })),
            ]}
            value={rule.pipeline_id}
            onChange={(event) => setRule({ ...rule, pipeline_id: event.currentTarget.value })}
          />
          <NativeSelect
            label="What for"
            data={modes}
            value={rule.mode}
            onChange={(event) => setRule({ ...rule, mode: event.currentTarget.value })}
          />
          <NativeSelect
            label="When"
            data={states}
            value={rule.state}
            onChange={(event) => setRule({ ...rule, state: event.currentTarget.value })}
          />
          {rule.mode === "gate" && (
            <TextInput
              type="number"
              inputMode="numeric"
              min={1}
              label="Seconds ago at most"
              description="However long ago when empty"
              value={rule.within}
              onChange={(event) => setRule({ ...rule, within: event.currentTarget.value })}
            />
          )}
        </Stack>
        {save.error && <Failure error={save.error} />}
        <Group justify="flex-end" mt="lg" gap="xs">
          <Button variant="default" onClick={onClose}>
            Not now
          </Button>
          <Button type="submit" loading={save.isPending}>
            Add
          </Button>
        </Group>
      </form>
    </Modal>
  );
}

function stateOf(value: string): DependencyRule["state"] & string {
  return value === "failed" || value === "completed" ? value : "succeeded";
}
