import type { Pipeline } from "../../lib/model";
import { Panel } from "../../ui/page";
import { DependenciesPart } from "./dependencies-part";
import classes from "./triggers.module.css";
import { WatchersPart } from "./watchers-part";
import { WebhookPart } from "./webhook-part";

/** What starts runs of a pipeline by itself, besides its schedules, and what they wait for. */
export function TriggersTab({ pipeline }: { pipeline: Pipeline }) {
  return (
    <Panel className={classes.panel ?? ""}>
      <WebhookPart pipeline={pipeline} />
      <DependenciesPart pipeline={pipeline} />
      <WatchersPart pipeline={pipeline} />
    </Panel>
  );
}
