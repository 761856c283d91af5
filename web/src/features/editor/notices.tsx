import { Button } from "@mantine/core";
import { IconAlertTriangle, IconHistory, IconUsers } from "@tabler/icons-react";
import type { ReactNode } from "react";
import type { TextError } from "../../lib/document/text";
import { RelativeTime } from "../../ui/relative-time";
import classes from "./editor.module.css";
import type { Saving } from "./use-saving";

type Props = { error: TextError | undefined; saving: Saving; onYaml: () => void };

/** What one must know before going on: text that cannot be read, changes that were left, others' saves. */
export function Notices({ error, saving, onYaml }: Props) {
  return (
    <>
      {error && (
        <Notice tone="bad" icon={<IconAlertTriangle size={17} />}>
          <span className={classes.grow}>
            Line {error.line} of the YAML cannot be read: {error.message} The canvas shows what
            could be read last.
          </span>
          <Button size="compact-sm" variant="default" onClick={onYaml}>
            Open the YAML
          </Button>
        </Notice>
      )}
      {saving.left && (
        <Notice tone="busy" icon={<IconHistory size={17} />}>
          <span className={classes.grow}>
            You left changes that were not saved,{" "}
            <RelativeTime at={new Date(saving.left.at).toISOString()} />.
          </span>
          <Button size="compact-sm" onClick={saving.restore}>
            Take them up again
          </Button>
          <Button size="compact-sm" variant="default" onClick={saving.discard}>
            Discard them
          </Button>
        </Notice>
      )}
      {saving.behind && (
        <Notice tone="wait" icon={<IconUsers size={17} />}>
          <span className={classes.grow}>Somebody else has saved this pipeline meanwhile.</span>
          <Button size="compact-sm" variant="default" onClick={saving.merge}>
            {saving.dirty ? "Bring both together" : "Show the newest"}
          </Button>
        </Notice>
      )}
    </>
  );
}

function Notice({ tone, icon, children }: { tone: string; icon: ReactNode; children: ReactNode }) {
  return (
    <div className={classes.notice} data-tone={tone} role="status">
      {icon}
      {children}
    </div>
  );
}
