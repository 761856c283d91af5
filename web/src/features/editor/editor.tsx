import { ReactFlowProvider } from "@xyflow/react";
import { lazy, Suspense, useMemo, useState } from "react";
import type { NodeType } from "../../lib/model";
import { notifyFailed } from "../../ui/notify";
import { LoadingRows } from "../../ui/states";
import { Board } from "./board";
import type { BoardActions } from "./board-context";
import { type Asking, Dialogs } from "./dialogs";
import classes from "./editor.module.css";
import { EditorHeader, type View } from "./editor-header";
import type { Base, Kept } from "./kept";
import { NodePanel, useFocusInPanel } from "./node-panel";
import { Notices } from "./notices";
import { Palette } from "./palette";
import { ProblemList } from "./problem-list";
import { countByNode, type Found, locate } from "./problems";
import { EditorProvider, type EditorStore, useDocument } from "./store";
import { isFresh } from "./trial-part";
import { type Selection, type Spot, useCommands } from "./use-commands";
import { useKeys } from "./use-keys";
import { type EditorPins, useEditorPins } from "./use-pins";
import { useProblems } from "./use-problems";
import { useSaving } from "./use-saving";
import { type EditorTrial, trialProblems, useEditorTrial } from "./use-trial";

const PipelinePart = lazy(() =>
  import("./pipeline-part").then(({ PipelinePart }) => ({ default: PipelinePart })),
);
const YamlPane = lazy(() => import("./yaml-pane").then(({ YamlPane }) => ({ default: YamlPane })));
type Props = {
  store: EditorStore;
  pipelineId: string | undefined;
  base: Base;
  /** What was left unsaved in this browser. */
  left: Kept | undefined;
  user: string;
  /** The newest version that is known of. */
  newest: number;
  kinds: NodeType[];
  view: View;
  node: string | undefined;
  onView: (view: View) => void;
  onNode: (id: string | undefined) => void;
};

/** One document, drawn and written. */
export function Editor(props: Props) {
  return (
    <EditorProvider value={props.store}>
      <ReactFlowProvider>
        <Workbench {...props} />
      </ReactFlowProvider>
    </EditorProvider>
  );
}

function Workbench(props: Props) {
  const { store, pipelineId, view, onView, onNode } = props;
  const state = useDocument(store);
  const { sketch, plain } = state;
  const locked = state.error !== undefined;
  const kinds = useMemo(() => new Map(props.kinds.map((kind) => [kind.type, kind])), [props.kinds]);
  const [selected, setSelected] = useState<Selection>(
    () => new Set(props.node === undefined ? [] : [props.node]),
  );
  const [asking, setAsking] = useState<Asking>();
  const [editingNote, setEditingNote] = useState<string>();
  const [large, setLarge] = useState(false);
  const [focus, setFocus] = useState<{ wrong: boolean }>();
  const commands = useCommands({ store, kinds, selected, setSelected });
  const saving = useSaving(props);
  const pins = useEditorPins(store, pipelineId, saving.base);
  const trial = useEditorTrial(store, pipelineId, pins);
  const checked = useProblems(plain, sketch, pipelineId);
  const found = useMemo(
    () =>
      [
        ...locate(trial.refused, "error", sketch),
        ...trialProblems(trial, sketch),
        ...checked,
      ].filter(distinct),
    [trial, sketch, checked],
  );
  const drawn = useDrawn(trial, found, pins, sketch);
  const node = sketch.nodes.find(({ id }) => id === props.node);
  const current = sketch.nodes.find(({ id }) => selected.has(id))?.id ?? node?.id;
  const edge = sketch.edges.find(({ from, to }) => selected.has(`${from}->${to}`));
  useFocusInPanel(focus, () => setFocus(undefined));

  const open = (id: string) => {
    commands.select([id]);
    onNode(id);
  };
  const add = (spot: Spot) => setAsking({ what: "add", spot });
  const addHere = (): Spot => (edge ? { edge } : current ? { from: current } : {});
  const pickKind = (type: string, spot: Spot) => {
    setAsking(undefined);
    const kind = kinds.get(type);
    const id = kind && commands.add(kind, spot);
    if (!id) return;
    onNode(id);
    focusNode(id);
  };
  const writeNote = () => {
    const id = commands.note();
    if (id) setEditingNote(id);
  };
  const show = ({ node: id, setting, path }: Found) => {
    if (id) {
      if (view === "yaml" || view === "settings") onView("canvas");
      open(id);
      setFocus({ wrong: setting !== undefined });
    } else onView(path.startsWith("nodes") || path.startsWith("edges") ? "both" : "settings");
  };
  const actions = useMemo<BoardActions>(
    () => ({
      editNote: setEditingNote,
      insertInto: (between) => setAsking({ what: "add", spot: { edge: between } }),
      turn: commands.turn,
    }),
    [commands],
  );
  const close = () => {
    onNode(undefined);
    if (node) focusNode(node.id);
  };
  const remove = () => {
    const next = commands.remove();
    if (!next) return;
    // The keyboard stays on the canvas, at the place where something is gone.
    commands.select([next]);
    if (node) onNode(undefined);
    focusNode(next);
  };
  const openCurrent = () => {
    const note = sketch.notes.find(({ id }) => selected.has(id));
    if (note) setEditingNote(note.id);
    else if (current && current === props.node) setFocus({ wrong: false });
    else if (current) open(current);
  };
  useKeys({
    commands,
    current: current ?? sketch.notes.find(({ id }) => selected.has(id))?.id,
    locked,
    undo: () => store.undo(),
    redo: () => store.redo(),
    save: () => saving.save(plain.draft !== true),
    add: () => add(addHere()),
    remove,
    connect: () => current && setAsking({ what: "connect", from: current }),
    open: openCurrent,
    edit: openCurrent,
    run: () => trial.begin(current),
    note: writeNote,
    keys: () => setAsking({ what: "keys" }),
    yaml: () => onView(view === "canvas" ? "both" : "canvas"),
    escape: () => {
      if (current) focusNode(current);
      if (node) onNode(undefined);
      else setSelected(new Set());
    },
    go: (id, more) => {
      setSelected((before) => new Set(more ? [...before, id] : [id]));
      if (node && sketch.nodes.some((one) => one.id === id)) onNode(id);
      focusNode(id);
    },
  });
  return (
    <div className={classes.editor}>
      <EditorHeader
        {...{ pipelineId, view, onView, commands, trial }}
        dirty={saving.dirty}
        saving={saving.saving}
        chosen={sketch.nodes.filter(({ id }) => selected.has(id)).length}
        onSave={saving.save}
        onRun={saving.run}
        onTry={() => setAsking({ what: "try" })}
        onKeys={() => setAsking({ what: "keys" })}
      />
      <Notices error={state.error} saving={saving} onYaml={() => onView("yaml")} />
      <div className={classes.middle} data-view={view}>
        {view === "canvas" && (
          <Palette kinds={props.kinds} onAdd={(kind) => pickKind(kind.type, addHere())} />
        )}
        {(view === "canvas" || view === "both") && (
          <div className={classes.drawing} data-large={large} data-open={node !== undefined}>
            <Board
              {...{ sketch, kinds, selected, commands, actions, locked, editingNote }}
              {...drawn}
              onSelected={setSelected}
              open={node?.id}
              onOpen={open}
              onAdd={add}
              onRefused={(why) => notifyFailed("They cannot be joined", new Error(why))}
            />
            {sketch.nodes.length === 0 && <Beginning onAdd={() => add({})} />}
            {node && (
              <NodePanel
                {...{ pins, node, kinds, trial, found, locked, large }}
                onRenamed={open}
                onLarge={setLarge}
                onClose={close}
              />
            )}
          </div>
        )}
        <Written view={view} found={found} node={current} locked={locked} pipelineId={pipelineId} />
      </div>
      <ProblemList found={found} sketch={sketch} onShow={show} />
      <Dialogs
        {...{ asking, kinds, commands, trial, saving }}
        onKind={pickKind}
        onJoined={(id) => {
          setAsking(undefined);
          focusNode(id);
        }}
        onClose={() => setAsking(undefined)}
      />
    </div>
  );
}

type WrittenProps = {
  view: View;
  found: Found[];
  node: string | undefined;
  pipelineId: string | undefined;
  locked: boolean;
};

/** The document as text, or what holds for the pipeline as a whole. */
function Written({ view, found, node, pipelineId, locked }: WrittenProps) {
  if (view === "canvas") return null;
  return (
    <Suspense fallback={<LoadingRows rows={10} height={16} />}>
      {view === "settings" ? (
        <PipelinePart pipelineId={pipelineId} found={found} locked={locked} />
      ) : (
        <YamlPane found={found} node={node} />
      )}
    </Suspense>
  );
}

/** One place may be told of twice: by the check and by a trial. */
const distinct = (one: Found, at: number, all: Found[]) =>
  all.findIndex(({ path, message }) => path === one.path && message === one.message) === at;

/** What of trials, problems and pins the canvas shows. */
function useDrawn(
  { shown }: EditorTrial,
  found: Found[],
  pins: EditorPins,
  sketch: ReturnType<EditorStore["get"]>["sketch"],
) {
  const pinned = useMemo(() => new Set(pins.at.keys()), [pins]);
  const marks = useMemo(() => countByNode(found), [found]);
  const results = useMemo(
    () =>
      new Map(
        [...shown].map(([id, { result, of }]) => [id, { result, old: !isFresh(of, sketch, id) }]),
      ),
    [shown, sketch],
  );
  return { pinned, marks, results };
}

/** For how many frames a node is given the keyboard that nothing else has. */
const focusFrames = 20;

/** Gives a node on the canvas the keyboard, once it is drawn: what goes away may drop it later. */
function focusNode(id: string, frames = focusFrames): void {
  requestAnimationFrame(() => {
    const { activeElement, body } = document;
    if (frames >= focusFrames - 1 || !activeElement || activeElement === body) {
      document
        .querySelector<HTMLElement>(`.react-flow__node[data-id="${CSS.escape(id)}"]`)
        ?.focus({ preventScroll: true });
    }
    if (frames > 0) focusNode(id, frames - 1);
  });
}

/** What stands on a canvas that has nothing yet. */
function Beginning({ onAdd }: { onAdd: () => void }) {
  return (
    <div className={classes.beginning}>
      <p>Drag a source from the left, or press / to add one.</p>
      <button type="button" className={classes.beginningButton} onClick={onAdd}>
        Add the first node
      </button>
    </div>
  );
}
