import { ActionIcon, Button, CloseButton, TextInput, Tooltip } from "@mantine/core";
import { IconArrowsDiagonal, IconArrowsDiagonalMinimize2, IconFlask } from "@tabler/icons-react";
import { useEffect, useRef } from "react";
import type { DrawnNode } from "../../lib/document/model";
import { setNode } from "../../lib/document/operations";
import type { NodeType, Settings } from "../../lib/model";
import { useMay } from "../../lib/session";
import { KindIcon, kindColour } from "../../ui/kind-icon";
import classes from "./editor.module.css";
import { IdField } from "./id-field";
import { NodeInput } from "./node-input";
import { NodeOutput } from "./node-output";
import type { Found } from "./problems";
import { SettingsPart } from "./settings-part";
import { useStore } from "./store";
import type { EditorPins } from "./use-pins";
import type { EditorTrial } from "./use-trial";

type Props = {
  pins: EditorPins;
  node: DrawnNode;
  kinds: ReadonlyMap<string, NodeType>;
  trial: EditorTrial;
  found: Found[];
  locked: boolean;
  large: boolean;
  onRenamed: (id: string) => void;
  onLarge: (large: boolean) => void;
  onClose: () => void;
};

/** One node: what comes in, how it is set, and what goes out. */
export function NodePanel(props: Props) {
  const { node, kinds, trial, found, locked } = props;
  const store = useStore();
  const kind = kinds.get(node.type);
  const panel = useRef<HTMLElement>(null);
  const inside = found.filter((one) => one.node === node.id);
  const change = (member: "name" | "config", before: unknown, after: unknown) =>
    store.edit(
      (document) => setNode(document, node.id, { [member]: before }, { [member]: after }),
      `${node.id} ${member}`,
    );
  return (
    <section
      ref={panel}
      className={classes.panel}
      aria-label={`Node ${node.name || node.id}`}
      data-panel
    >
      <header className={classes.panelHead} style={{ "--kind": kindColour(kind?.category ?? "") }}>
        <span className={classes.kind}>
          <KindIcon icon={kind?.icon} />
        </span>
        <TextInput
          size="xs"
          className={classes.panelName ?? ""}
          aria-label="Name of the node"
          value={node.name}
          placeholder={node.id}
          readOnly={locked}
          onChange={(event) => change("name", node.name, event.currentTarget.value)}
        />
        <span className={classes.soft}>{kind?.title ?? node.type}</span>
        <IdField key={node.id} node={node} locked={locked} onRenamed={props.onRenamed} />
        <span className={classes.grow} />
        <RunToHere node={node} trial={trial} />
        <Tooltip label={props.large ? "Smaller" : "Larger"}>
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label={props.large ? "Make the panel smaller" : "Make the panel larger"}
            onClick={() => props.onLarge(!props.large)}
          >
            {props.large ? (
              <IconArrowsDiagonalMinimize2 size={17} />
            ) : (
              <IconArrowsDiagonal size={17} />
            )}
          </ActionIcon>
        </Tooltip>
        <CloseButton aria-label="Close the node" onClick={props.onClose} />
      </header>
      <div className={classes.columns} data-inputs={kind?.max_inputs !== 0}>
        {kind?.max_inputs !== 0 && <NodeInput node={node} trial={trial} />}
        <SettingsPart
          key={node.id}
          node={node}
          kind={kind}
          found={inside}
          trial={trial}
          locked={locked}
          onChange={(config: Settings) => change("config", node.config, config)}
        />
        <NodeOutput pins={props.pins} node={node} sink={kind?.has_output === false} trial={trial} />
      </div>
    </section>
  );
}

function RunToHere({ node, trial }: { node: DrawnNode; trial: EditorTrial }) {
  const may = useMay();
  if (!may("pipelines.run")) return null;
  if (trial.running) {
    return (
      <Button size="xs" variant="default" onClick={trial.stop}>
        Stop
      </Button>
    );
  }
  return (
    <Button
      size="xs"
      flex="none"
      leftSection={<IconFlask size={15} />}
      title="Ctrl+Enter"
      onClick={() => trial.begin(node.id)}
    >
      Run to here
    </Button>
  );
}

/** Puts the keyboard into the panel: into the field that is wrong, else into the first one. */
export function useFocusInPanel(wanted: { wrong: boolean } | undefined, done: () => void): void {
  const finished = useRef(done);
  finished.current = done;
  useEffect(() => {
    if (!wanted) return undefined;
    // The form of a kind is loaded when it is first shown.
    let tries = 0;
    const timer = setInterval(() => {
      const settings = document.querySelector("[data-panel] [data-settings]");
      const wrong = settings?.querySelector<HTMLElement>('[aria-invalid="true"]');
      const early = wanted.wrong && tries < 6;
      const field = (wanted.wrong && wrong) || (early ? undefined : firstField(settings));
      tries++;
      if (!field && tries < 20) return;
      field?.focus();
      field?.scrollIntoView({ block: "center" });
      clearInterval(timer);
      finished.current();
    }, 80);
    return () => clearInterval(timer);
  }, [wanted]);
}

/** The first field of a form, or what adds one. */
function firstField(form: Element | null): HTMLElement | undefined {
  const visible = (selector: string) =>
    [...(form?.querySelectorAll<HTMLElement>(selector) ?? [])].find((one) => one.checkVisibility());
  return visible("input, textarea, select, [contenteditable=true]") ?? visible("button");
}
