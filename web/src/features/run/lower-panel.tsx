import { Tabs } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import type { NodeRun, NodeType, PipelineNode, RunDetail } from "../../lib/model";
import { Panel } from "../../ui/page";
import { ChildrenPanel, startsRuns } from "./children-panel";
import { GanttPanel } from "./gantt-panel";
import { LogPanel } from "./log-panel";
import { NodePanel } from "./node-panel";
import { PreviewPanel } from "./preview-panel";
import { ProfilePanel } from "./profile-panel";
import classes from "./run.module.css";
import { StepTable } from "./step-table";

const route = getRouteApi("/shell/runs/$runId");

const panels = ["log", "gantt", "steps", "runs", "data", "columns", "node"] as const;

/** A node of the run and how it went. */
export type Step = { node: PipelineNode; nodeRun: NodeRun };

type Props = {
  run: RunDetail;
  nodeRuns: NodeRun[];
  step: Step | undefined;
  kinds: NodeType[];
  onSelect: (nodeId: string | undefined) => void;
};

/** Below the canvas: the log, the steps in time, the runs that it has started, and of the chosen node its rows and its facts. */
export function LowerPanel({ run, nodeRuns, step, kinds, onSelect }: Props) {
  const { panel } = route.useSearch();
  const navigate = route.useNavigate();
  const parent = startsRuns(run);
  const shown = shownPanel(panel, step, parent);
  const choose = (value: string | null) => {
    const next = panels.find((one) => one === value);
    void navigate({ replace: true, search: (old) => (next ? { ...old, panel: next } : old) });
  };
  return (
    <Panel className={classes.lower ?? ""}>
      <Tabs
        value={shown}
        onChange={choose}
        keepMounted={false}
        classNames={{
          root: classes.tabs ?? "",
          panel: classes.tabPanel ?? "",
          list: classes.tabList ?? "",
        }}
      >
        <Tabs.List>
          <Tabs.Tab value="log">Log</Tabs.Tab>
          <Tabs.Tab value="gantt">Timeline</Tabs.Tab>
          <Tabs.Tab value="steps">Steps</Tabs.Tab>
          {parent && <Tabs.Tab value="runs">Runs</Tabs.Tab>}
          <Tabs.Tab value="data" disabled={!step}>
            Data
          </Tabs.Tab>
          <Tabs.Tab value="columns" disabled={!step}>
            Columns
          </Tabs.Tab>
          <Tabs.Tab value="node" disabled={!step}>
            Details
          </Tabs.Tab>
          <span className={classes.about}>
            {step ? <bdi>{step.node.name || step.node.id}</bdi> : "Choose a node to see its rows"}
          </span>
        </Tabs.List>
        <Tabs.Panel value="log">
          <LogPanel run={run} nodeId={step?.node.id} />
        </Tabs.Panel>
        <Tabs.Panel value="gantt">
          <GanttPanel run={run} nodeRuns={nodeRuns} selected={step?.node.id} onSelect={onSelect} />
        </Tabs.Panel>
        <Tabs.Panel value="steps">
          <StepTable run={run} nodeRuns={nodeRuns} selected={step?.node.id} onSelect={onSelect} />
        </Tabs.Panel>
        {parent && (
          <Tabs.Panel value="runs">
            <ChildrenPanel runId={run.id} />
          </Tabs.Panel>
        )}
        {step && (
          <>
            <Tabs.Panel value="data">
              <PreviewPanel runId={run.id} nodeRun={step.nodeRun} />
            </Tabs.Panel>
            <Tabs.Panel value="columns">
              <ProfilePanel runId={run.id} nodeRun={step.nodeRun} />
            </Tabs.Panel>
            <Tabs.Panel value="node">
              <NodePanel
                run={run}
                step={step}
                kind={kinds.find((one) => one.type === step.node.type)}
              />
            </Tabs.Panel>
          </>
        )}
      </Tabs>
    </Panel>
  );
}

type PanelName = (typeof panels)[number];

/** The panel that was chosen, where there is one, else the most useful one. */
function shownPanel(chosen: PanelName | undefined, step: Step | undefined, parent: boolean) {
  const general = chosen === "log" || chosen === "gantt" || chosen === "steps";
  const there = chosen === "runs" ? parent : general || step !== undefined;
  return chosen && there ? chosen : usefulPanel(step);
}

/** What a person most likely wants to see of a node when they did not say. */
function usefulPanel(step: Step | undefined): "log" | "data" | "node" {
  if (step?.nodeRun.status === "success") return "data";
  return step?.nodeRun.status === "failed" ? "node" : "log";
}
