import { Input } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useCallback } from "react";
import { namesQuery } from "../../lib/names";
import type { FieldProps } from "./field-view";
import type { Language } from "./fields";
import classes from "./form.module.css";
import { fallbackText, wordsOf } from "./frame";
import { namesFor } from "./offers";
import { useSurroundings } from "./surroundings";

const CodeArea = lazy(() => import("./code-area").then(({ CodeArea }) => ({ default: CodeArea })));

/** Code in a language of its own: an expression, SQL, a script. */
export function CodeField({ language, ...props }: FieldProps & { language: Language }) {
  const { field, value, onChange, label } = props;
  const { "aria-label": _, ...words } = { "aria-label": "", ...wordsOf(props) };
  const { placeholders } = useSurroundings();
  const client = useQueryClient();
  const names = useCallback(async () => {
    if (placeholders.length === 0) return [];
    // Who may not see what the server knows has the names of the run. No secret may stand in code.
    const known = await client.fetchQuery(namesQuery).catch(() => []);
    return namesFor(placeholders, known, false);
  }, [client, placeholders]);
  const text = typeof value === "string" ? value : "";
  return (
    <Input.Wrapper {...words} labelElement="div">
      <div
        className={classes.code}
        data-language={language}
        data-wrong={props.problems.length > 0 || undefined}
      >
        <Suspense fallback={<pre className={classes.codeWait}>{text || " "}</pre>}>
          <CodeArea
            language={language}
            names={names}
            label={label ?? field.title}
            value={text}
            hint={fallbackText({ field }) || hints[language]}
            onChange={(next) => onChange(next === "" && label === undefined ? undefined : next)}
          />
        </Suspense>
      </div>
    </Input.Wrapper>
  );
}

const hints: Record<Language, string> = {
  expression: "amount > 100 and status in ('paid', 'sent')",
  sql: "SELECT * FROM input",
  python: "output_data = rows",
  javascript: "output_data = rows",
  shell: "",
};
