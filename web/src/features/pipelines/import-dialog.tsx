import { Button, FileButton, Group, Modal, Text, Textarea } from "@mantine/core";
import { IconUpload } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { useImportPipeline } from "../../lib/commands";
import { Failure } from "../../ui/failure";
import classes from "./pipelines.module.css";

type Props = { opened: boolean; onClose: () => void };

/** Makes a pipeline from YAML or JSON that is pasted or read from a file. */
export function ImportDialog({ opened, onClose }: Props) {
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      size={680}
      title={<Text fw={650}>Import a pipeline</Text>}
    >
      <ImportForm onClose={onClose} />
    </Modal>
  );
}

function ImportForm({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState("");
  const importing = useImportPipeline();
  const navigate = useNavigate();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    importing.mutate(text, {
      onSuccess: (made) =>
        void navigate({ to: "/pipelines/$pipelineId", params: { pipelineId: made.id } }),
    });
  };
  const read = (file: File | null) => void file?.text().then(setText);
  return (
    <form onSubmit={submit}>
      <Textarea
        label="YAML or JSON"
        description="What Export gives. Nothing is saved when something in it is wrong."
        autosize
        minRows={10}
        maxRows={18}
        required
        data-autofocus
        spellCheck={false}
        classNames={{ input: classes.code ?? "" }}
        placeholder={'version: "1"\nname: My pipeline\nnodes:\n  - id: read\n    type: source_file'}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      {importing.error && <Failure error={importing.error} />}
      <Group justify="space-between" mt="md">
        <FileButton accept=".yaml,.yml,.json" onChange={read}>
          {(props) => (
            <Button {...props} variant="default" leftSection={<IconUpload size={16} />}>
              Read from a file
            </Button>
          )}
        </FileButton>
        <Group gap="xs">
          <Button variant="default" onClick={onClose}>
            Not now
          </Button>
          <Button type="submit" loading={importing.isPending} disabled={text.trim() === ""}>
            Import
          </Button>
        </Group>
      </Group>
    </form>
  );
}
