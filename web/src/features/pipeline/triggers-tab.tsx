import type { Pipeline } from "../../lib/model";
import { Panel } from "../../ui/page";
import classes from "./triggers.module.css";
import { WebhookPart } from "./webhook-part";

/** What starts runs of a pipeline by itself, besides its schedules. */
export function TriggersTab({ pipeline }: { pipeline: Pipeline }) {
  return (
    <Panel className={classes.panel ?? ""}>
      <WebhookPart pipeline={pipeline} />
    </Panel>
  );
}
