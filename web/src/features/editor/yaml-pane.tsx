import { autocompletion } from "@codemirror/autocomplete";
import { yaml } from "@codemirror/lang-yaml";
import { type Diagnostic, lintGutter, setDiagnostics } from "@codemirror/lint";
import { Annotation, Compartment, EditorState } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { useComputedColorScheme } from "@mantine/core";
import { basicSetup } from "codemirror";
import { useEffect, useRef } from "react";
import { readPath } from "../../lib/document/path";
import { linesOf } from "../../lib/document/text";
import { codeColours, codeLook } from "../../ui/code-look";
import classes from "./editor.module.css";
import type { Found } from "./problems";
import { useDocument, useStore } from "./store";

/** Marks a change that came from another view of the document. */
const fromElsewhere = Annotation.define<boolean>();

type Props = {
  found: Found[];
  /** The node whose lines are brought into sight. */
  node: string | undefined;
};

/** The document as text: what is typed here moves the canvas, and the other way round. */
export function YamlPane({ found, node }: Props) {
  const store = useStore();
  const { text, error, sketch } = useDocument(store);
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(undefined);
  const dark = useComputedColorScheme("light") === "dark";
  const look = useRef(new Compartment());

  useEffect(() => {
    if (!place.current) return undefined;
    const made = new EditorView({
      parent: place.current,
      state: EditorState.create({
        doc: store.get().text,
        extensions: [
          codeLook,
          codeColours,
          look.current.of([]),
          basicSetup,
          autocompletion({ activateOnTyping: false }),
          yaml(),
          lintGutter(),
          EditorView.contentAttributes.of({ "aria-label": "The pipeline as YAML", tabindex: "0" }),
          EditorView.updateListener.of((update) => {
            const typed = update.transactions.some((one) => !one.annotation(fromElsewhere));
            if (update.docChanged && typed) store.setText(update.state.doc.toString(), "yaml");
          }),
        ],
      }),
    });
    view.current = made;
    return () => {
      made.destroy();
      view.current = undefined;
    };
  }, [store]);

  useEffect(() => {
    view.current?.dispatch({ effects: look.current.reconfigure(EditorView.darkTheme.of(dark)) });
  }, [dark]);

  useEffect(() => {
    const now = view.current;
    if (!now) return;
    const shown = now.state.doc.toString();
    if (shown === text) return;
    now.dispatch({ changes: difference(shown, text), annotations: fromElsewhere.of(true) });
  }, [text]);

  useEffect(() => {
    const now = view.current;
    if (!now || now.state.doc.toString() !== text) return;
    now.dispatch(setDiagnostics(now.state, marksOf(now.state, text, error, found)));
  }, [text, error, found]);

  useEffect(() => {
    const now = view.current;
    const index = sketch.nodes.find(({ id }) => id === node)?.index;
    if (!now || index === undefined || now.hasFocus) return;
    const [lines] = linesOf(now.state.doc.toString(), [["nodes", index]]);
    if (!lines || lines.from > now.state.doc.lines) return;
    const { from } = now.state.doc.line(lines.from);
    now.dispatch({
      selection: { anchor: from },
      effects: EditorView.scrollIntoView(from, { y: "start", yMargin: 40 }),
    });
  }, [node, sketch]);

  return <div ref={place} className={classes.yaml} />;
}

/** The one stretch in which two texts differ, so that the cursor and the scroll stay. */
function difference(before: string, after: string) {
  let from = 0;
  const most = Math.min(before.length, after.length);
  while (from < most && before[from] === after[from]) from++;
  let end = 0;
  while (end < most - from && before.at(-1 - end) === after.at(-1 - end)) end++;
  return { from, to: before.length - end, insert: after.slice(from, after.length - end) };
}

function marksOf(
  state: EditorState,
  text: string,
  error: { message: string; line: number } | undefined,
  found: Found[],
): Diagnostic[] {
  const problems = error ? [] : found;
  const lines = linesOf(
    text,
    problems.map(({ path }) => readPath(path)),
  );
  const marks = problems.map(({ level, message }, at) => ({
    line: lines[at]?.from ?? 1,
    severity: level,
    message,
  }));
  if (error) marks.push({ line: error.line, severity: "error", message: error.message });
  return marks
    .map(({ line, severity, message }): Diagnostic => {
      const { from, to, text: words } = state.doc.line(Math.min(line, state.doc.lines));
      const indent = words.length - words.trimStart().length;
      return { from: from + indent, to, severity, message };
    })
    .toSorted((a, b) => a.from - b.from);
}
