import { Button, Group } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ApiError, get, put } from "../../lib/api";
import type { Json, Pipeline, Settings } from "../../lib/model";
import { keys } from "../../lib/queries";
import { useMay } from "../../lib/session";
import { Failure } from "../../ui/failure";
import { notifyDone } from "../../ui/notify";
import { Panel } from "../../ui/page";
import { AccessPanel } from "../../ui/pipeline-settings/access-panel";
import { PipelineSettings } from "../../ui/pipeline-settings/pipeline-settings";
import { setAt } from "../../ui/pipeline-settings/set-at";
import { HooksPart } from "./hooks-part";
import { type Changes, changed, changesTo, keepChanges, keptChanges } from "./settings-changes";
import classes from "./settings-tab.module.css";

/** Everything that a pipeline says besides its graph, to be changed and saved as a version. */
export function SettingsTab({ pipeline }: { pipeline: Pipeline }) {
  const edit = useMay()("pipelines.edit");
  const document = pipeline as unknown as Settings;
  const [changes, setChanges] = useState(() => keptChanges(pipeline.id));
  const change = (next: Changes) => {
    setChanges(next);
    keepChanges(pipeline.id, next);
  };
  const save = useSave(pipeline, changes, () => change({}));
  const shown = changed(document, changes);
  const error = save.error;
  const stale = error instanceof ApiError && error.status === 412;
  const dirty = Object.keys(changes).length > 0;
  const set = (path: (string | number)[], value: Json | undefined) => {
    save.reset();
    change(changesTo(changed(document, {}), setAt(shown, path, value)));
  };
  return (
    <Panel className={classes.panel ?? ""}>
      <div className={classes.scroll}>
        <PipelineSettings
          document={shown}
          problems={error instanceof ApiError ? error.problems : []}
          readOnly={!edit}
          onChange={set}
        >
          <AccessPanel pipelineId={pipeline.id} />
        </PipelineSettings>
        <HooksPart pipeline={pipeline} />
      </div>
      {edit && (dirty || error) && (
        <div className={classes.bar}>
          {error && !stale && <Failure error={error} />}
          <Group justify="space-between" gap="sm">
            <span role={stale ? "alert" : "status"}>
              {stale
                ? "Somebody else has saved the pipeline meanwhile. Your changes are still here, and not saved."
                : "Not saved yet."}
            </span>
            <Group gap="xs">
              <Button
                variant="default"
                onClick={() => {
                  save.reset();
                  change({});
                }}
              >
                Drop my changes
              </Button>
              <Button loading={save.isPending} onClick={() => save.mutate(stale)}>
                {stale ? "Save mine over the newest" : "Save"}
              </Button>
            </Group>
          </Group>
        </div>
      )}
    </Panel>
  );
}

/** Saves changes; over the newest version when told so, and else only over the one that is shown. */
function useSave({ id, version }: Pipeline, changes: Changes, onSaved: () => void) {
  const client = useQueryClient();
  const path = `/api/pipelines/${encodeURIComponent(id)}`;
  return useMutation({
    mutationFn: async (overNewest: boolean) => {
      const newest = overNewest ? (await get<Pipeline>(path)).version : version;
      return put<Pipeline>(path, changes, { headers: { "If-Match": `"${newest}"` } });
    },
    onSuccess: (saved) => {
      client.setQueryData(keys.pipeline(id), saved);
      onSaved();
      notifyDone("The settings are saved.");
      void client.invalidateQueries({ queryKey: keys.pipelines });
    },
  });
}
