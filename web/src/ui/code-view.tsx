import { yaml } from "@codemirror/lang-yaml";
import { EditorState } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { useComputedColorScheme } from "@mantine/core";
import { basicSetup } from "codemirror";
import { useEffect, useRef } from "react";
import { codeColours, codeLook } from "./code-look";

/** Text with line numbers, folding and search, to read and to copy from. */
export function CodeView({ text, label }: { text: string; label: string }) {
  const place = useRef<HTMLDivElement>(null);
  const dark = useComputedColorScheme("light") === "dark";
  useEffect(() => {
    if (!place.current) return undefined;
    const view = new EditorView({
      parent: place.current,
      state: EditorState.create({
        doc: text,
        extensions: [
          codeLook,
          EditorView.darkTheme.of(dark),
          codeColours,
          basicSetup,
          yaml(),
          EditorState.readOnly.of(true),
          EditorView.contentAttributes.of({ "aria-label": label }),
        ],
      }),
    });
    return () => view.destroy();
  }, [text, label, dark]);
  return <div ref={place} style={{ flex: 1, minHeight: 0, overflow: "hidden" }} />;
}
