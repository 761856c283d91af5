import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

/** How code looks, in the colours of the page. */
export const codeLook = EditorView.theme({
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
  ".cm-placeholder": { color: "var(--mantine-color-placeholder)" },
  ".cm-tooltip": {
    border: "1px solid var(--line-strong)",
    borderRadius: "6px",
    backgroundColor: "var(--surface)",
    color: "var(--text)",
    overflow: "hidden",
  },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": {
    fontFamily: "var(--mantine-font-family-monospace)",
    fontSize: "12px",
    maxHeight: "240px",
  },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: "3px 8px" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]": {
    backgroundColor: "var(--accent-soft)",
    color: "var(--text)",
  },
  ".cm-completionDetail": { color: "var(--text-soft)", fontStyle: "normal", marginLeft: "10px" },
  ".cm-completionInfo": { padding: "6px 10px", maxWidth: "280px" },
  ".cm-completionMatchedText": { textDecoration: "none", fontWeight: "700" },
});

/** The colours of words, by what they are. */
export const codeColours = syntaxHighlighting(
  HighlightStyle.define([
    { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--accent-text)" },
    { tag: [tags.content], color: "var(--text)" },
    { tag: [tags.string, tags.special(tags.string)], color: "var(--good-text)" },
    { tag: [tags.number, tags.bool, tags.null], color: "var(--kind-quality)" },
    { tag: tags.comment, color: "var(--text-soft)", fontStyle: "italic" },
    { tag: [tags.punctuation, tags.separator], color: "var(--text-soft)" },
    { tag: [tags.keyword, tags.operatorKeyword], color: "var(--kind-transform)" },
    {
      tag: [tags.standard(tags.name), tags.function(tags.variableName)],
      color: "var(--kind-source)",
    },
  ]),
);
