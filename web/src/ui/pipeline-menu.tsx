import { ActionIcon, Menu } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconCopy, IconDots, IconDownload, IconTrash } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { exportUrl, useClonePipeline } from "../lib/commands";
import { useMay } from "../lib/session";
import { DeletePipeline } from "./delete-pipeline";
import { notifyDone, notifyFailed } from "./notify";

type Props = {
  id: string;
  name: string;
  /** How many runs go with it when it is deleted; undefined when that is not known here. */
  runsTotal?: number;
  onDeleted?: () => void;
};

/** Export, clone and delete of one pipeline, as far as the caller may. */
export function PipelineMenu({ id, name, runsTotal, onDeleted }: Props) {
  const may = useMay();
  const navigate = useNavigate();
  const clone = useClonePipeline();
  const [deleting, dialog] = useDisclosure(false);
  const makeClone = () =>
    clone.mutate(id, {
      onSuccess: (copy) => {
        notifyDone(`“${copy.name}” is a copy of “${name}”.`);
        void navigate({ to: "/pipelines/$pipelineId", params: { pipelineId: copy.id } });
      },
      onError: (error) => notifyFailed(`“${name}” was not cloned`, error),
    });
  return (
    <>
      <Menu position="bottom-end" width={190}>
        <Menu.Target>
          <ActionIcon aria-label={`More for ${name}`} size="input-xs" variant="subtle">
            <IconDots size={17} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            component="a"
            href={exportUrl(id)}
            download
            leftSection={<IconDownload size={16} />}
          >
            Export as YAML
          </Menu.Item>
          {may("pipelines.create") && (
            <Menu.Item leftSection={<IconCopy size={16} />} onClick={makeClone}>
              Clone
            </Menu.Item>
          )}
          {may("pipelines.delete") && (
            <Menu.Item
              color="var(--bad-text)"
              leftSection={<IconTrash size={16} />}
              onClick={dialog.open}
            >
              Delete…
            </Menu.Item>
          )}
        </Menu.Dropdown>
      </Menu>
      <DeletePipeline
        id={id}
        name={name}
        {...(runsTotal === undefined ? {} : { runsTotal })}
        opened={deleting}
        onClose={dialog.close}
        {...(onDeleted ? { onDeleted } : {})}
      />
    </>
  );
}
