import { useState } from "react";
import { DataTable } from "../../ui/data-table";
import { DeliveryTable } from "../../ui/delivery-table";
import { KeysetPager } from "../../ui/keyset-pager";
import { AccessPanel } from "../../ui/pipeline-settings/access-panel";
import { RunTable } from "../../ui/run-table";
import { SettingsView } from "../../ui/settings-view";
import { ErrorState, LoadingRows } from "../../ui/states";
import classes from "./gallery.module.css";
import { Part, State } from "./part";
import { samples } from "./samples";
import { lists } from "./still";
import { columns, failures, rows, runs, types } from "./things";

/** Tables, what stands in their place, and what leads through them. */
export function Tables() {
  const [chosen, setChosen] = useState<string[]>([]);
  const toggle = (id: string) =>
    setChosen(chosen.includes(id) ? chosen.filter((one) => one !== id) : [...chosen, id]);
  return (
    <>
      <Part title="Runs, to be chosen" bare>
        <RunTable runs={runs} choice={{ chosen, onToggle: toggle }} />
      </Part>
      <Part title="Runs of one pipeline" bare>
        <RunTable runs={runs.slice(0, 2)} named={false} />
      </Part>
      <Part title="Runs: none" bare>
        <RunTable runs={[]} />
      </Part>
      <Part title="Runs: on their way" bare>
        <LoadingRows rows={3} />
      </Part>
      <Part title="Runs: no answer" bare>
        <ErrorState error={failures.broken} onRetry={() => {}} />
      </Part>
      <Part title="Data: 10,000 rows" bare>
        <div className={classes.data}>
          <DataTable columns={columns} types={types} rows={rows} />
        </div>
      </Part>
      <Part title="Data: columns without rows" bare>
        <div className={classes.little}>
          <DataTable columns={columns} types={types} rows={[]} />
        </div>
      </Part>
      <Part title="Deliveries">
        <State name="In every state">
          <DeliveryTable path={lists.some} resend={() => "/again"} />
        </State>
        <State name="None">
          <DeliveryTable path={lists.none} />
        </State>
        <State name="On their way">
          <DeliveryTable path={lists.pending} />
        </State>
        <State name="No answer">
          <DeliveryTable path={lists.wrong} />
        </State>
      </Part>
      <Part title="Who may do what" bare>
        <AccessPanel pipelineId={lists.some} />
        <AccessPanel pipelineId={lists.pending} />
      </Part>
      <Part title="Steps through a long list">
        {stretches.map(({ name, first, has_next }) => (
          <State key={name} name={name}>
            <KeysetPager
              page={{ items: [], has_next, cursor: "c", limit: 50 }}
              first={first}
              onFirst={() => {}}
              onNext={() => {}}
            />
          </State>
        ))}
      </Part>
      <Part title="Settings of a node, to read">
        <SettingsView
          schema={samples["every field"]?.schema ?? {}}
          settings={samples["every problem"]?.value}
        />
      </Part>
    </>
  );
}

const stretches = [
  { name: "The newest stretch", first: true, has_next: true },
  { name: "One in between", first: false, has_next: true },
  { name: "The oldest", first: false, has_next: false },
];
