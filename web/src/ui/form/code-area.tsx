import { useMemo } from "react";
import { CodeEditor } from "../code-editor";
import { languageFor } from "./code-languages";
import type { Language } from "./fields";
import { useSurroundings } from "./surroundings";

type Props = {
  language: Language;
  label: string;
  value: string;
  hint: string;
  onChange: (next: string) => void;
};

/** The code editor of a form, in a chunk of its own. */
export function CodeArea({ language, ...props }: Props) {
  const { columns, placeholders, readOnly } = useSurroundings();
  const extension = useMemo(
    () => languageFor(language, { columns, placeholders }),
    [language, columns, placeholders],
  );
  return (
    <CodeEditor
      {...props}
      language={extension}
      readOnly={readOnly}
      numbered={language !== "expression"}
    />
  );
}
