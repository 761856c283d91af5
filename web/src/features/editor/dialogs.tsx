import { lazy, Suspense } from "react";
import type { NodeType } from "../../lib/model";
import { trialRows } from "../../lib/trials";
import { TrialDialog } from "../../ui/trial/trial-dialog";
import { KeysDialog } from "./keys-dialog";
import { choiceOf } from "./palette";
import { type Choice, QuickPick } from "./quick-pick";
import { useDocument, useStore } from "./store";
import type { Commands, Spot } from "./use-commands";
import type { Saving } from "./use-saving";
import type { EditorTrial } from "./use-trial";

const MergeDialog = lazy(() =>
  import("./merge-dialog").then(({ MergeDialog }) => ({ default: MergeDialog })),
);

export type Asking =
  | { what: "add"; spot: Spot }
  | { what: "connect"; from: string }
  | { what: "keys" }
  | { what: "try" };

type Props = {
  asking: Asking | undefined;
  kinds: ReadonlyMap<string, NodeType>;
  commands: Commands;
  trial: EditorTrial;
  saving: Saving;
  onKind: (type: string, spot: Spot) => void;
  onJoined: (id: string) => void;
  onClose: () => void;
};

/** The dialog that is open, if one is. */
export function Dialogs(props: Props) {
  const { saving } = props;
  const { text } = useDocument(useStore());
  return (
    <>
      <Asked {...props} />
      {saving.theirs && (
        <Suspense>
          <MergeDialog
            base={saving.base.text}
            theirs={saving.theirs}
            mine={text}
            saving={saving.saving}
            onSave={saving.saveMerged}
            onTake={saving.takeTheirs}
            onClose={saving.closeMerge}
          />
        </Suspense>
      )}
      {saving.dialog}
    </>
  );
}

function Asked({ asking, kinds, trial, onKind, onClose, ...rest }: Props) {
  const { plain } = useDocument(useStore());
  if (asking?.what === "keys") return <KeysDialog onClose={onClose} />;
  if (asking?.what === "add") {
    return (
      <QuickPick
        title="Add a node"
        placeholder="What should it do?"
        choices={[...kinds.values()].map(choiceOf)}
        nothing="No kind of node is called that"
        onPick={(type) => onKind(type, asking.spot)}
        onClose={onClose}
      />
    );
  }
  if (asking?.what === "connect") {
    return <Connect from={asking.from} kinds={kinds} onClose={onClose} {...rest} />;
  }
  if (asking?.what === "try") {
    return (
      <TrialDialog
        pipeline={{ name: plain.name || "the pipeline" }}
        settings={trial.settings ?? { rows: trialRows.usual, params: plain.params ?? {} }}
        error={null}
        onTry={(settings) => {
          onClose();
          trial.begin(undefined, settings);
        }}
        onClose={onClose}
      />
    );
  }
  return null;
}

type ConnectProps = Pick<Props, "kinds" | "commands" | "onJoined" | "onClose"> & { from: string };

/** Draws an edge by the names of its ends. */
function Connect({ from, kinds, commands, onJoined, onClose }: ConnectProps) {
  const { sketch } = useDocument(useStore());
  const nodes = new Map(sketch.nodes.map((node) => [node.id, node]));
  const choice = (other: string, ends: string, detail: string): Choice => {
    const node = nodes.get(other);
    const kind = kinds.get(node?.type ?? "");
    return {
      id: ends,
      label: node?.name || other,
      detail,
      icon: kind?.icon,
      category: kind?.category ?? "",
      words: `${other} ${kind?.title ?? ""}`,
    };
  };
  return (
    <QuickPick
      title={`Connect ${nodes.get(from)?.name || from}`}
      placeholder="With which node?"
      choices={[
        ...[...commands.legal(from)].map((to) => choice(to, `${from}>${to}`, "gets its rows")),
        ...[...commands.legalInto(from)].map((to) => choice(to, `${to}>${from}`, "gives it rows")),
      ]}
      nothing="There is no node that it can be joined with"
      onPick={(ends) => {
        const [first = "", last = ""] = ends.split(">");
        commands.connect({ from: first, to: last });
        onJoined(from);
      }}
      onClose={onClose}
    />
  );
}
