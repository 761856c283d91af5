import { yaml } from "@codemirror/lang-yaml";
import { MergeView } from "@codemirror/merge";
import { EditorState } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { Button, Group, Modal, Text, useComputedColorScheme } from "@mantine/core";
import { basicSetup } from "codemirror";
import { type RefObject, useEffect, useMemo, useRef } from "react";
import { mergeTexts } from "../../lib/document/merge";
import { codeColours, codeLook } from "../../ui/code-look";
import classes from "./editor.module.css";
import type { Base } from "./kept";

type Props = {
  base: string;
  theirs: Base;
  mine: string;
  saving: boolean;
  onSave: (text: string) => void;
  onTake: () => void;
  onClose: () => void;
};

/** What somebody else has saved meanwhile beside what would be saved now. */
export function MergeDialog({ base, theirs, mine, saving, onSave, onTake, onClose }: Props) {
  const merged = useMemo(() => mergeTexts(base, theirs.text, mine), [base, theirs, mine]);
  const result = useRef("");
  return (
    <Modal
      opened
      onClose={onClose}
      size="90%"
      title={<Text fw={650}>Somebody else has saved version {theirs.version} meanwhile</Text>}
    >
      <Text fz="sm">
        {merged
          ? "Both changes are brought together on the right. Look it over, change what you want, and save it."
          : "The two cannot be brought together by themselves. Take what you need from the left, then save."}
      </Text>
      {merged && merged.both.length > 0 && (
        <div className={classes.both} data-tone="wait" role="alert">
          Both of you changed {merged.both.join(", ")}: yours is on the right.
        </div>
      )}
      <div className={classes.mergeHeads}>
        <span>Saved meanwhile</span>
        <span>To be saved</span>
      </div>
      <SideBySide left={theirs.text} right={merged?.text ?? mine} result={result} />
      <Group justify="flex-end" mt="md" gap="xs">
        <Button variant="default" onClick={onClose}>
          Not now
        </Button>
        <Button variant="default" onClick={onTake}>
          Take theirs, drop mine
        </Button>
        <Button loading={saving} onClick={() => onSave(result.current)}>
          Save what is on the right
        </Button>
      </Group>
    </Modal>
  );
}

type SideProps = { left: string; right: string; result: RefObject<string> };

/** Two texts with their differences marked; the right one can be changed, and is the result. */
function SideBySide({ left, right, result }: SideProps) {
  const place = useRef<HTMLDivElement>(null);
  const dark = useComputedColorScheme("light") === "dark";
  useEffect(() => {
    if (!place.current) return undefined;
    result.current = right;
    const shared = [basicSetup, yaml(), codeLook, codeColours, EditorView.darkTheme.of(dark)];
    const view = new MergeView({
      parent: place.current,
      revertControls: "a-to-b",
      renderRevertControl: () => {
        const button = document.createElement("button");
        button.textContent = "→";
        button.setAttribute("aria-label", "Take their change");
        return button;
      },
      collapseUnchanged: { margin: 3, minSize: 6 },
      a: {
        doc: left,
        extensions: [
          ...shared,
          EditorState.readOnly.of(true),
          EditorView.contentAttributes.of({
            "aria-label": "What was saved meanwhile",
            tabindex: "0",
          }),
        ],
      },
      b: {
        doc: right,
        extensions: [
          ...shared,
          EditorView.contentAttributes.of({ "aria-label": "What will be saved", tabindex: "0" }),
          EditorView.updateListener.of(({ state }) => {
            result.current = state.doc.toString();
          }),
        ],
      },
    });
    return () => view.destroy();
  }, [left, right, result, dark]);
  return <div ref={place} className={classes.merge} />;
}
