import { yaml } from "@codemirror/lang-yaml";
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { EditorState } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { useComputedColorScheme } from "@mantine/core";
import { basicSetup } from "codemirror";
import { useEffect, useRef } from "react";

const look = EditorView.theme({
  "&": { height: "100%", fontSize: "12.5px", backgroundColor: "var(--surface)" },
  ".cm-scroller": { fontFamily: "var(--mantine-font-family-monospace)", lineHeight: "1.6" },
  ".cm-content": { color: "var(--text)", caretColor: "var(--text)" },
  ".cm-gutters": {
    backgroundColor: "var(--sunken)",
    color: "var(--text-soft)",
    borderRight: "1px solid var(--line)",
  },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "var(--hover)" },
  "&.cm-focused": { outline: "none" },
});

const colours = syntaxHighlighting(
  HighlightStyle.define([
    { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--accent-text)" },
    { tag: [tags.string, tags.content], color: "var(--text)" },
    { tag: [tags.number, tags.bool, tags.null], color: "var(--kind-quality)" },
    { tag: tags.comment, color: "var(--text-soft)", fontStyle: "italic" },
    { tag: [tags.punctuation, tags.separator], color: "var(--text-soft)" },
  ]),
);

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
          look,
          EditorView.darkTheme.of(dark),
          colours,
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
