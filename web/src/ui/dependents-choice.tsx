import { Radio, Stack } from "@mantine/core";
import "@mantine/core/styles/Radio.css";
import { useQuery } from "@tanstack/react-query";
import { get } from "../lib/api";
import type { Resolution } from "../lib/commands";
import { keys } from "../lib/queries";
import { Failure } from "./failure";

type Named = { id: string; name: string };

type Props = {
  id: string;
  /** Whether the caller may change other pipelines. */
  canEdit: boolean;
  value: Resolution;
  onChange: (value: Resolution) => void;
};

/** What becomes of the pipelines that depend on one which is to be deleted. */
export function DependentsChoice({ id, canEdit, value, onChange }: Props) {
  const path = `/api/pipelines/${encodeURIComponent(id)}`;
  const direct = useQuery({
    queryKey: [...keys.pipeline(id), "dependents"],
    queryFn: ({ signal }) => get<Named[]>(`${path}/dependents`, { signal }),
  });
  const all = useQuery({
    queryKey: [...keys.pipeline(id), "impact"],
    queryFn: ({ signal }) => get<{ downstream: Named[] }>(`${path}/impact`, { signal }),
  });
  const error = direct.error ?? all.error;
  if (error) return <Failure error={error} />;
  return (
    <Radio.Group
      mt="md"
      label="Other pipelines depend on it"
      description="What should become of them?"
      value={value}
      onChange={(chosen) => onChange(chosen as Resolution)}
    >
      <Stack gap="xs" mt="xs">
        <Radio
          value="decouple"
          label="Keep them, without this dependency"
          disabled={!canEdit}
          description={canEdit ? names(direct.data) : "You may not change pipelines."}
        />
        <Radio
          value="cascade"
          label="Delete them as well, with their runs"
          description={names(all.data?.downstream)}
        />
      </Stack>
    </Radio.Group>
  );
}

function names(pipelines: Named[] | undefined): string {
  return pipelines ? pipelines.map(({ name }) => name).join(", ") : "…";
}
