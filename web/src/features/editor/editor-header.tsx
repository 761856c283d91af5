import {
  ActionIcon,
  Badge,
  Button,
  Menu,
  SegmentedControl,
  TextInput,
  Tooltip,
} from "@mantine/core";
import {
  IconArrowBackUp,
  IconArrowForwardUp,
  IconDots,
  IconFlask,
  IconKeyboard,
  IconPlayerPlayFilled,
} from "@tabler/icons-react";
import type { ReactNode } from "react";
import { setAt } from "../../lib/document/operations";
import { useMay } from "../../lib/session";
import { TextLink } from "../../ui/links";
import classes from "./editor.module.css";
import { useDocument, useStore } from "./store";
import type { Commands } from "./use-commands";
import type { EditorTrial } from "./use-trial";

export type View = "canvas" | "both" | "yaml" | "settings";

export const views: { value: View; label: string }[] = [
  { value: "canvas", label: "Canvas" },
  { value: "both", label: "Both" },
  { value: "yaml", label: "YAML" },
  { value: "settings", label: "Settings" },
];

type Props = {
  pipelineId: string | undefined;
  view: View;
  onView: (view: View) => void;
  commands: Commands;
  trial: EditorTrial;
  dirty: boolean;
  saving: boolean;
  chosen: number;
  onSave: (publish: boolean) => void;
  onRun: () => void;
  onTry: () => void;
  onKeys: () => void;
};

/** The name of the pipeline, how it stands, and what can be done with it as a whole. */
export function EditorHeader(props: Props) {
  const { pipelineId, dirty, trial, commands } = props;
  const store = useStore();
  const { plain, canUndo, canRedo, error } = useDocument(store);
  const may = useMay();
  const draft = plain.draft === true;
  const name = typeof plain.name === "string" ? plain.name : "";
  return (
    <header className={classes.header}>
      <div className={classes.headerStart}>
        <Back pipelineId={pipelineId} />
        <TextInput
          className={classes.name ?? ""}
          size="sm"
          aria-label="Name of the pipeline"
          placeholder="Name of the pipeline"
          value={name}
          readOnly={error !== undefined}
          onChange={(event) => {
            const next = event.currentTarget.value;
            store.edit((document) => setAt(document, ["name"], next), "name");
          }}
        />
        {draft && (
          <Badge
            size="sm"
            flex="none"
            variant="outline"
            color="gray"
            tt="none"
            c="var(--text-soft)"
          >
            Draft
          </Badge>
        )}
        <span className={classes.soft} role="status">
          {dirty ? "Not saved" : pipelineId ? "Saved" : ""}
        </span>
      </div>
      <SegmentedControl
        size="xs"
        aria-label="View"
        value={props.view}
        onChange={(value) => props.onView(value as View)}
        data={views}
      />
      <div className={classes.headerEnd}>
        <Tool label="Undo" disabled={!canUndo} onClick={() => store.undo()}>
          <IconArrowBackUp size={18} />
        </Tool>
        <Tool label="Redo" disabled={!canRedo} onClick={() => store.redo()}>
          <IconArrowForwardUp size={18} />
        </Tool>
        <Tool label="Keys" onClick={props.onKeys}>
          <IconKeyboard size={18} />
        </Tool>
        <ArrangeMenu commands={commands} chosen={props.chosen} />
        {may("pipelines.run") &&
          (trial.running ? (
            <Button size="xs" variant="default" onClick={trial.stop}>
              Stop
            </Button>
          ) : (
            <Button
              size="xs"
              variant="default"
              leftSection={<IconFlask size={15} />}
              onClick={props.onTry}
            >
              Try
            </Button>
          ))}
        {pipelineId && !draft && may("pipelines.run") && (
          <Button
            size="xs"
            variant="default"
            leftSection={<IconPlayerPlayFilled size={13} />}
            onClick={props.onRun}
          >
            {dirty ? "Save and run" : "Run"}
          </Button>
        )}
        <SaveButtons {...props} draft={draft} />
      </div>
    </header>
  );
}

function Back({ pipelineId }: { pipelineId: string | undefined }) {
  const className = classes.back ?? "";
  if (!pipelineId) {
    return (
      <TextLink to="/pipelines" className={className}>
        Pipelines
      </TextLink>
    );
  }
  return (
    <TextLink to="/pipelines/$pipelineId" params={{ pipelineId }} className={className}>
      Pipeline
    </TextLink>
  );
}

type SaveProps = Pick<Props, "saving" | "dirty" | "onSave"> & { draft: boolean };

/** A draft is saved as it is, or published: then it is checked, and can run. */
function SaveButtons({ saving, dirty, draft, onSave }: SaveProps) {
  return (
    <>
      {draft && (
        <Button size="xs" variant="default" loading={saving} onClick={() => onSave(false)}>
          Save draft
        </Button>
      )}
      <Button size="xs" loading={saving} disabled={!draft && !dirty} onClick={() => onSave(true)}>
        {draft ? "Publish" : "Save"}
      </Button>
    </>
  );
}

type ToolProps = { label: string; disabled?: boolean; onClick: () => void; children: ReactNode };

function Tool({ label, disabled = false, onClick, children }: ToolProps) {
  return (
    <Tooltip label={label}>
      <ActionIcon
        variant="subtle"
        color="gray"
        aria-label={label}
        disabled={disabled}
        onClick={onClick}
      >
        {children}
      </ActionIcon>
    </Tooltip>
  );
}

function ArrangeMenu({ commands, chosen }: { commands: Commands; chosen: number }) {
  const several = chosen < 2;
  return (
    <Menu position="bottom-end" width={240}>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label="Arrange and more">
          <IconDots size={18} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={commands.layOut} rightSection="L">
          Lay everything out
        </Menu.Item>
        <Menu.Item onClick={commands.fit} rightSection="F">
          Fit into sight
        </Menu.Item>
        <Menu.Item onClick={commands.note} rightSection="T">
          Write a note
        </Menu.Item>
        <Menu.Divider />
        <Menu.Label>Chosen nodes</Menu.Label>
        <Menu.Item disabled={chosen < 1} onClick={commands.group} rightSection="G">
          Group
        </Menu.Item>
        <Menu.Item disabled={chosen < 1} onClick={commands.duplicate} rightSection="Ctrl D">
          Duplicate
        </Menu.Item>
        <Menu.Item disabled={several} onClick={() => commands.align("left")}>
          Align left edges
        </Menu.Item>
        <Menu.Item disabled={several} onClick={() => commands.align("top")}>
          Align top edges
        </Menu.Item>
        <Menu.Item disabled={several} onClick={() => commands.distribute("x")}>
          Spread from left to right
        </Menu.Item>
        <Menu.Item disabled={several} onClick={() => commands.distribute("y")}>
          Spread from top to bottom
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
