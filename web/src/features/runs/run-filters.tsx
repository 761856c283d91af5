import { Button } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { pipelineHealthQuery } from "../../lib/queries";
import { triggerChoices } from "../../lib/run-triggers";
import { asRunStatus, labelOf, runStatuses } from "../../lib/status";
import { NativeSelect } from "../../ui/native-select";
import type { Chosen } from "./filters";
import classes from "./runs.module.css";

const route = getRouteApi("/shell/runs");

const anyStatus = { value: "", label: "Any status" };
const anyTrigger = { value: "", label: "Started by anything" };
const anyTime = { value: "", label: "Any time" };
const ranges = [
  { value: "24h", label: "Last 24 hours" },
  { value: "7d", label: "Last 7 days" },
  { value: "30d", label: "Last 30 days" },
] as const;

/** What the URL says but for where the stretch begins, which another choice makes void. */
function useChosen() {
  const { after: _, ...rest } = route.useSearch();
  return rest;
}

/** Narrows the runs; the URL holds what was chosen. A view without a filter does not show it. */
export function RunFilters() {
  const { as: view, pick, ...chosen } = useChosen();
  const navigate = route.useNavigate();
  const { pipeline, status, trigger, range, day } = chosen;
  const put = (next: Chosen) =>
    void navigate({ search: { ...(view && { as: view }), ...(pick && { pick }), ...next } });
  const without = (key: Exclude<keyof Chosen, "after">): Chosen => {
    const { [key]: __, ...rest } = chosen;
    return rest;
  };
  const any = [pipeline, status, trigger, range, day].some(Boolean);
  return (
    <search className={classes.filters} aria-label="Filter runs">
      <PipelineSelect
        value={pipeline}
        onChange={(id) => put({ ...without("pipeline"), ...(id && { pipeline: id }) })}
      />
      {view === undefined && (
        <>
          <NativeSelect
            size="xs"
            aria-label="Status"
            data={[anyStatus, ...runStatuses.map((one) => ({ value: one, label: labelOf(one) }))]}
            value={status ?? ""}
            onChange={(event) => {
              const next = asRunStatus(event.currentTarget.value);
              put({ ...without("status"), ...(next && { status: next }) });
            }}
          />
          <NativeSelect
            size="xs"
            aria-label="Started by"
            data={[anyTrigger, ...triggerChoices]}
            value={trigger ?? ""}
            onChange={(event) => {
              const next = event.currentTarget.value;
              put({ ...without("trigger"), ...(next && { trigger: next }) });
            }}
          />
          <NativeSelect
            size="xs"
            aria-label="Time"
            data={[anyTime, ...ranges, ...(day ? [{ value: day, label: `On ${day}` }] : [])]}
            value={day ?? range ?? ""}
            onChange={(event) => {
              const next = ranges.find(({ value }) => value === event.currentTarget.value)?.value;
              const { day: __, ...rest } = without("range");
              put({ ...rest, ...(next && { range: next }) });
            }}
          />
        </>
      )}
      {any && (
        <Button
          size="xs"
          variant="subtle"
          leftSection={<IconX size={14} />}
          onClick={() => put({})}
        >
          Clear
        </Button>
      )}
    </search>
  );
}

type SelectProps = { value: string | undefined; onChange: (id: string) => void };

function PipelineSelect({ value, onChange }: SelectProps) {
  const pipelines = useQuery(pipelineHealthQuery);
  const known = (pipelines.data ?? [])
    .map(({ id, name }) => ({ value: id, label: name }))
    .toSorted((a, b) => a.label.localeCompare(b.label));
  const here = value === undefined || known.some((one) => one.value === value);
  return (
    <NativeSelect
      size="xs"
      className={classes.pipelineSelect ?? ""}
      aria-label="Pipeline"
      data={[
        { value: "", label: "All pipelines" },
        ...(here ? [] : [{ value, label: "One pipeline" }]),
        ...known,
      ]}
      value={value ?? ""}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}
