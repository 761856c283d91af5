import { Button, CopyButton } from "@mantine/core";
import { IconCheck, IconCopy, IconDownload } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import { exportUrl } from "../../lib/commands";
import { pipelineYamlQuery } from "../../lib/queries";
import { Panel } from "../../ui/page";
import { ErrorState, LoadingRows } from "../../ui/states";
import classes from "./pipeline.module.css";

const CodeView = lazy(() =>
  import("../../ui/code-view").then((module) => ({ default: module.CodeView })),
);

/** The pipeline as text, as Export gives it. */
export function YamlTab({ pipelineId }: { pipelineId: string }) {
  const yaml = useQuery(pipelineYamlQuery(pipelineId));
  if (yaml.isPending) {
    return (
      <Panel>
        <LoadingRows rows={10} height={16} />
      </Panel>
    );
  }
  if (yaml.isError) {
    return (
      <Panel>
        <ErrorState error={yaml.error} onRetry={() => void yaml.refetch()} />
      </Panel>
    );
  }
  return (
    <Panel className={classes.yaml ?? ""}>
      <div className={classes.yamlActions}>
        <CopyButton value={yaml.data}>
          {({ copied, copy }) => (
            <Button
              size="xs"
              variant="default"
              leftSection={copied ? <IconCheck size={15} /> : <IconCopy size={15} />}
              onClick={copy}
            >
              {copied ? "Copied" : "Copy"}
            </Button>
          )}
        </CopyButton>
        <Button
          size="xs"
          variant="default"
          component="a"
          href={exportUrl(pipelineId)}
          download
          leftSection={<IconDownload size={15} />}
        >
          Download
        </Button>
      </div>
      <Suspense fallback={<LoadingRows rows={10} height={16} />}>
        <CodeView text={yaml.data} label="The pipeline as YAML" />
      </Suspense>
    </Panel>
  );
}
