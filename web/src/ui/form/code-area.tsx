import { useMemo } from "react";
import { CodeEditor } from "../code-editor";
import { languageFor } from "./code-languages";
import type { Language } from "./fields";
import type { Named } from "./offers";
import { useSurroundings } from "./surroundings";

type Props = {
  language: Language;
  label: string;
  value: string;
  hint: string;
  /** The names that may stand in the code. */
  names: () => Promise<Named[]>;
  onChange: (next: string) => void;
};

/** The code editor of a form, in a chunk of its own. */
export function CodeArea({ language, names, ...props }: Props) {
  const { columns, readOnly } = useSurroundings();
  const extension = useMemo(
    () => languageFor(language, { columns, names }),
    [language, columns, names],
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
