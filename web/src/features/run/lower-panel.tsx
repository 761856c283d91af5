import { Tabs } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import type { NodeRun, NodeType, PipelineNode, RunDetail } from "../../lib/model";
import { Panel } from "../../ui/page";
import { LogPanel } from "./log-panel";
import { NodePanel } from "./node-panel";
import { PreviewPanel } from "./preview-panel";
import classes from "./run.module.css";

const route = getRouteApi("/shell/runs/$runId");

/** A node of the run and how it went. */
export type Step = { node: PipelineNode; nodeRun: NodeRun };

type Props = { run: RunDetail; step: Step | undefined; kinds: NodeType[] };

/** Below the canvas: the log, and of the chosen node its rows and its facts. */
export function LowerPanel({ run, step, kinds }: Props) {
  const { panel } = route.useSearch();
  const navigate = route.useNavigate();
  const shown = panel && (step || panel === "log") ? panel : usefulPanel(step);
  const choose = (value: string | null) => {
    const next = (["log", "data", "node"] as const).find((one) => one === value);
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
          <Tabs.Tab value="data" disabled={!step}>
            Data
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
        {step && (
          <>
            <Tabs.Panel value="data">
              <PreviewPanel runId={run.id} nodeRun={step.nodeRun} />
            </Tabs.Panel>
            <Tabs.Panel value="node">
              <NodePanel step={step} kind={kinds.find((one) => one.type === step.node.type)} />
            </Tabs.Panel>
          </>
        )}
      </Tabs>
    </Panel>
  );
}

/** What a person most likely wants to see of a node when they did not say. */
function usefulPanel(step: Step | undefined): "log" | "data" | "node" {
  if (step?.nodeRun.status === "success") return "data";
  return step?.nodeRun.status === "failed" ? "node" : "log";
}
