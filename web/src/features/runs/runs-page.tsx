import { SegmentedControl } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import { Page, PageHeader } from "../../ui/page";
import { CalendarView } from "./calendar-view";
import { GridView } from "./grid-view";
import { ListView } from "./list-view";
import { RunFilters } from "./run-filters";
import classes from "./runs.module.css";

const route = getRouteApi("/shell/runs");

const views = [
  { value: "list", label: "List" },
  { value: "grid", label: "Grid" },
  { value: "calendar", label: "Calendar" },
];

/** All runs of all pipelines: newest first, as a grid, or day by day. */
export function RunsPage() {
  const { as: view } = route.useSearch();
  const navigate = route.useNavigate();
  const choose = (value: string) =>
    void navigate({
      search: ({ as: _, after: __, ...old }) =>
        value === "grid" || value === "calendar" ? { ...old, as: value } : old,
    });
  return (
    <Page title="Runs">
      <PageHeader
        title="Runs"
        actions={
          <SegmentedControl
            size="xs"
            aria-label="View"
            data={views}
            value={view ?? "list"}
            onChange={choose}
          />
        }
      />
      <RunFilters />
      <div className={classes.view}>
        {view === "grid" && <GridView />}
        {view === "calendar" && <CalendarView />}
        {view === undefined && <ListView />}
      </div>
    </Page>
  );
}
