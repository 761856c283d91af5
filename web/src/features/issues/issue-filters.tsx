import { Chip, Group, SegmentedControl } from "@mantine/core";
import "@mantine/core/styles/Chip.css";
import { getRouteApi } from "@tanstack/react-router";
import { issueKinds, issueStates, kindLabel, stateLabel } from "../../lib/issues";
import classes from "./issues.module.css";

const route = getRouteApi("/shell/issues");

const states = [
  { value: "unresolved", label: "Unresolved" },
  ...issueStates.map((state) => ({ value: state, label: stateLabel(state) })),
  { value: "all", label: "All" },
];

/** Narrows the list; the URL holds what was chosen. */
export function IssueFilters({ mayBeMine }: { mayBeMine: boolean }) {
  const { after: _, ...filter } = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <div className={classes.filters}>
      <SegmentedControl
        size="xs"
        aria-label="State"
        data={states}
        value={filter.state ?? "unresolved"}
        onChange={(value) => {
          const { state: __, ...rest } = filter;
          const state = [...issueStates, "all" as const].find((one) => one === value);
          void navigate({ search: { ...rest, ...(state && { state }) } });
        }}
      />
      <Group gap={4} role="group" aria-label="Kind">
        {issueKinds.map((kind) => (
          <Chip
            key={kind}
            size="xs"
            variant="outline"
            checked={filter.kind === kind}
            onChange={(checked) => {
              const { kind: __, ...rest } = filter;
              void navigate({ search: checked ? { ...rest, kind } : rest });
            }}
          >
            {kindLabel(kind)}
          </Chip>
        ))}
      </Group>
      {mayBeMine && (
        <Chip
          size="xs"
          variant="outline"
          checked={filter.mine ?? false}
          onChange={(checked) => {
            const { mine: __, ...rest } = filter;
            void navigate({ search: checked ? { ...rest, mine: true } : rest });
          }}
        >
          Mine
        </Chip>
      )}
    </div>
  );
}
