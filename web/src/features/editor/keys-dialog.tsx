import { Kbd, Modal, Text } from "@mantine/core";
import classes from "./editor.module.css";

const map: { title: string; keys: [string, string][] }[] = [
  {
    title: "Draw",
    keys: [
      ["/", "Add a node behind the chosen one, or into the chosen edge"],
      ["C", "Connect the chosen node"],
      ["Enter", "Open the node, then go into its settings"],
      ["Delete", "Delete what is chosen"],
      ["T", "Write a note"],
      ["G", "Put the chosen nodes into a group"],
    ],
  },
  {
    title: "Move",
    keys: [
      ["← ↑ → ↓", "Go to the next node"],
      ["Shift ← ↑ → ↓", "Choose it as well"],
      ["Alt ← ↑ → ↓", "Move what is chosen"],
      ["L", "Lay everything out"],
      ["F", "Fit everything into sight"],
      ["Shift drag", "Choose with a box"],
    ],
  },
  {
    title: "Edit",
    keys: [
      ["Ctrl Z", "Undo"],
      ["Ctrl Shift Z", "Redo"],
      ["Ctrl C, X, V", "Copy, cut and paste, also between pipelines"],
      ["Ctrl D", "Duplicate"],
      ["Ctrl A", "Choose everything"],
    ],
  },
  {
    title: "Pipeline",
    keys: [
      ["Ctrl Enter", "Run to the chosen node"],
      ["Ctrl S", "Save"],
      ["Y", "Show or hide the YAML"],
      ["Escape", "Close the panel, then choose nothing"],
      ["?", "Show these keys"],
    ],
  },
];

/** All keys of the editor. */
export function KeysDialog({ onClose }: { onClose: () => void }) {
  return (
    <Modal opened onClose={onClose} size="xl" title={<Text fw={650}>Keys of the editor</Text>}>
      <div className={classes.keys}>
        {map.map(({ title, keys }) => (
          <section key={title}>
            <h3 className={classes.columnTitle}>{title}</h3>
            <dl>
              {keys.map(([key, what]) => (
                <div key={key} className={classes.keyLine}>
                  <dt>
                    <Kbd>{key}</Kbd>
                  </dt>
                  <dd>{what}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
      <Text fz="xs" c="dimmed" mt="md">
        On a Mac, Ctrl is Cmd.
      </Text>
    </Modal>
  );
}
