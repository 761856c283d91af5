import { useMemo } from "react";
import type { DrawnNode } from "../../lib/document/model";
import type { NodeType, Settings } from "../../lib/model";
import { SchemaForm } from "../../ui/form/schema-form";
import type { Column } from "../../ui/form/surroundings";
import classes from "./editor.module.css";
import type { Found } from "./problems";
import { useDocument, useStore } from "./store";
import type { EditorTrial } from "./use-trial";

type Props = {
  node: DrawnNode;
  kind: NodeType | undefined;
  found: Found[];
  trial: EditorTrial;
  locked: boolean;
  onChange: (config: Settings) => void;
};

/** How a node is set. */
export function SettingsPart({ node, kind, found, trial, locked, onChange }: Props) {
  const columns = useColumns(node, trial);
  const { plain } = useDocument(useStore());
  const placeholders = useMemo(
    () => Object.keys({ ...plain.params, ...plain.parameters }).map((name) => `param.${name}`),
    [plain.params, plain.parameters],
  );
  const inside = useMemo(
    () => found.flatMap(({ setting, message }) => (setting ? [{ path: setting, message }] : [])),
    [found],
  );
  return (
    <section className={classes.column} aria-label="Settings" data-settings>
      <h3 className={classes.columnTitle}>Settings</h3>
      {kind?.summary && <p className={classes.summary}>{kind.summary}</p>}
      {found
        .filter(({ setting }) => !setting)
        .map(({ path, message, level }) => (
          <p
            key={`${path} ${message}`}
            className={classes.nodeProblem}
            data-tone={level === "error" ? "bad" : "wait"}
          >
            {message}
          </p>
        ))}
      <SchemaForm
        schema={kind?.schema ?? {}}
        value={node.config}
        problems={inside}
        columns={columns}
        placeholders={placeholders}
        readOnly={locked}
        onChange={onChange}
      />
    </section>
  );
}

/** The columns of what comes in, as far as trials have shown it, each with the input that has it. */
function useColumns(node: DrawnNode, { shown }: EditorTrial): Column[] {
  const { sketch } = useDocument(useStore());
  return sketch.edges
    .filter(({ to }) => to === node.id)
    .flatMap(({ from }, input) =>
      (shown.get(from)?.result.types ?? []).map((column) => ({ ...column, input })),
    );
}
