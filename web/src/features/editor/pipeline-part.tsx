import { useMemo } from "react";
import { setAt } from "../../lib/document/operations";
import { writePath } from "../../lib/document/path";
import type { Settings } from "../../lib/model";
import { AccessPanel } from "../../ui/pipeline-settings/access-panel";
import { PipelineSettings } from "../../ui/pipeline-settings/pipeline-settings";
import classes from "./editor.module.css";
import type { Found } from "./problems";
import { useDocument, useStore } from "./store";

type Props = { pipelineId: string | undefined; found: Found[]; locked: boolean };

/** What holds for the pipeline as a whole. */
export function PipelinePart({ pipelineId, found, locked }: Props) {
  const store = useStore();
  const { plain } = useDocument(store);
  const problems = useMemo(() => found.filter(({ node }) => !node), [found]);
  return (
    <section className={classes.settings} aria-label="Settings of the pipeline">
      <PipelineSettings
        document={plain as Settings}
        problems={problems}
        readOnly={locked}
        onChange={(path, value) =>
          void store.edit((document) => setAt(document, path, value), writePath(path))
        }
      >
        {pipelineId && <AccessPanel pipelineId={pipelineId} />}
      </PipelineSettings>
    </section>
  );
}
