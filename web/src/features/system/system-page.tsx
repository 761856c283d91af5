import { Anchor } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { systemQuery } from "../../lib/queries";
import { docs, machinesQuery, type SystemInfo } from "../../lib/system";
import { Page, PageHeader, Panel } from "../../ui/page";
import { ErrorState, LoadingRows } from "../../ui/states";
import { Fact } from "./fact";
import { MachineTable } from "./machine-table";
import { PluginsView } from "./plugins-view";
import { PoolPanel } from "./pool-panel";
import { SandboxView } from "./sandbox-view";
import { StorageView } from "./storage-view";
import classes from "./system.module.css";

/** How often the load of the machines is asked for. */
const refreshMs = 15_000;

/** The server: its version, the machines that execute runs, and what shuts scripts in on this one. */
export function SystemPage() {
  const system = useQuery({ ...systemQuery, refetchInterval: refreshMs });
  const machines = useQuery({ ...machinesQuery, refetchInterval: refreshMs });
  return (
    <Page title="System">
      <PageHeader title="System" facts={<Links />} />
      <Panel title="Server">
        {system.isPending && <LoadingRows rows={1} />}
        {system.isError && (
          <ErrorState error={system.error} onRetry={() => void system.refetch()} />
        )}
        {system.data && <Facts system={system.data} />}
      </Panel>
      <Panel title="Machines">
        {machines.isPending && <LoadingRows rows={2} />}
        {machines.isError && (
          <ErrorState error={machines.error} onRetry={() => void machines.refetch()} />
        )}
        {machines.data && (
          <MachineTable machines={machines.data.Result ?? []} silent={machines.data.Errors ?? []} />
        )}
      </Panel>
      <PoolPanel />
      <PluginsView />
      {system.data?.storage && <StorageView storage={system.data.storage} />}
      {system.data?.sandbox && <SandboxView sandbox={system.data.sandbox} />}
    </Page>
  );
}

function Facts({ system }: { system: SystemInfo }) {
  const { version, database, active_runs, max_concurrent_runs } = system;
  return (
    <dl className={classes.facts}>
      <Fact title="Version">{version}</Fact>
      {database && <Fact title="Database">{database}</Fact>}
      <Fact title="Runs at once">
        {active_runs} of {max_concurrent_runs} {max_concurrent_runs === 1 ? "slot" : "slots"} in use
      </Fact>
    </dl>
  );
}

function Links() {
  const links: [string, string][] = [
    ["Operations", docs.operations],
    ["Scripts", docs.scripts],
    ["Calls to other machines", docs.outbound],
    ["What is defended", docs.security],
  ];
  return (
    <>
      <span>Documentation:</span>
      {links.map(([label, href]) => (
        <Anchor key={href} href={href} target="_blank" rel="noreferrer" fz="inherit">
          {label}
        </Anchor>
      ))}
    </>
  );
}
