import { autocompletion, closeBrackets, closeBracketsKeymap } from "@codemirror/autocomplete";
import { bracketMatching } from "@codemirror/language";
import { Compartment, EditorState, type Extension } from "@codemirror/state";
import { EditorView, keymap, lineNumbers, placeholder } from "@codemirror/view";
import { useComputedColorScheme } from "@mantine/core";
import { minimalSetup } from "codemirror";
import { useEffect, useRef } from "react";
import { codeColours, codeLook } from "./code-look";

type Props = {
  value: string;
  onChange: (next: string) => void;
  /** What the editor is called by a screen reader. */
  label: string;
  /** The language with what it offers; a new one must be a new object, and the same one must not. */
  language: Extension;
  readOnly?: boolean;
  /** Numbered lines, for text of several. */
  numbered?: boolean;
  hint?: string;
};

/** Code to be written: colours, brackets and completion. Tab leaves it, as it leaves every field. */
export function CodeEditor(props: Props) {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(undefined);
  const latest = useRef(props);
  latest.current = props;
  const settings = useRef(new Compartment());
  const dark = useComputedColorScheme("light") === "dark";
  const { label, language, readOnly = false, numbered = false, hint = "", value } = props;

  useEffect(() => {
    if (!place.current) return undefined;
    view.current = new EditorView({
      parent: place.current,
      state: EditorState.create({
        doc: latest.current.value,
        extensions: [
          minimalSetup,
          codeLook,
          codeColours,
          autocompletion({ icons: false }),
          closeBrackets(),
          bracketMatching(),
          keymap.of(closeBracketsKeymap),
          EditorView.lineWrapping,
          settings.current.of([]),
          EditorView.updateListener.of((update) => {
            const text = update.state.doc.toString();
            // What came from outside is known there already.
            if (update.docChanged && text !== latest.current.value) latest.current.onChange(text);
          }),
        ],
      }),
    });
    return () => view.current?.destroy();
  }, []);

  useEffect(() => {
    const extensions = [
      language,
      EditorView.darkTheme.of(dark),
      EditorState.readOnly.of(readOnly),
      EditorView.contentAttributes.of({ "aria-label": label }),
      numbered ? lineNumbers() : [],
      hint ? placeholder(hint) : [],
    ];
    view.current?.dispatch({ effects: settings.current.reconfigure(extensions) });
  }, [language, dark, readOnly, label, numbered, hint]);

  useEffect(() => {
    const state = view.current?.state;
    if (!state || state.doc.toString() === value) return;
    view.current?.dispatch({ changes: { from: 0, to: state.doc.length, insert: value } });
  }, [value]);

  return <div ref={place} style={{ minHeight: "inherit", display: "grid" }} />;
}
