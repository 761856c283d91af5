import { Button, Kbd, Menu } from "@mantine/core";
import { IconHistory, IconPlayerPlay, IconPlayerStop } from "@tabler/icons-react";
import { getRouteApi } from "@tanstack/react-router";
import { type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { ApiError } from "../../lib/api";
import {
  type Answer,
  ask,
  download,
  type FileFormat,
  firstRowsOf,
  type Question,
  type RunTable,
} from "../../lib/console";
import { CodeEditor } from "../../ui/code-editor";
import { notifyDone, notifyFailed } from "../../ui/notify";
import { LoadingRows } from "../../ui/states";
import classes from "./console.module.css";
import { type Past, readHistory, remember } from "./history";
import { Questions } from "./questions";
import { ResultView } from "./result-view";
import { sqlLanguage } from "./sql-language";
import { TableList } from "./table-list";

const route = getRouteApi("/shell/console");

type Props = {
  run: string;
  before: string | undefined;
  node: string | undefined;
  sql: string | undefined;
  tables: RunTable[];
  others: RunTable[];
};

/** The tables, the statement, and what it answers. */
export function Asking({ run, before, node, sql, tables, others }: Props) {
  const navigate = route.useNavigate();
  const asked = tables.find(({ node_id }) => node_id === node) ?? tables[0];
  const [text, setText] = useState(sql ?? firstRowsOf(asked?.table ?? ""));
  const query = useAnswer();
  const { start } = query;
  const runNow = useCallback(
    (statement: string) => {
      void start({ run, ...(before && { before }), sql: statement });
      const search = { run, ...(before && { before }), sql: statement };
      void navigate({ search, replace: true });
    },
    [run, before, start, navigate],
  );
  const latest = useRef(text);
  latest.current = text;
  const language = useMemo(
    () => sqlLanguage(tables, others, () => runNow(latest.current)),
    [tables, others, runNow],
  );
  const first = useRef(node && !sql ? text : "");
  useEffect(() => {
    // Who comes from a node wants its rows; who comes with a statement looks at it first.
    if (first.current) runNow(first.current);
    first.current = "";
  }, [runNow]);
  const choose = (statement: string) => {
    setText(statement);
    runNow(statement);
  };
  return (
    <div className={classes.console}>
      <section className={classes.side} aria-label="Tables">
        <h2>Tables</h2>
        <TableList tables={tables} before={false} onPick={(table) => choose(firstRowsOf(table))} />
        {others.length > 0 && <h2>Before</h2>}
        <TableList tables={others} before onPick={(table) => choose(firstRowsOf(table))} />
      </section>
      <div className={classes.main}>
        <section className={classes.editor} aria-label="Query">
          <div className={classes.code}>
            <CodeEditor value={text} onChange={setText} label="SQL" language={language} numbered />
          </div>
          <div className={classes.bar}>
            {query.busy ? (
              <Button
                size="xs"
                variant="default"
                leftSection={<IconPlayerStop size={15} />}
                onClick={query.stop}
              >
                Cancel
              </Button>
            ) : (
              <Button
                size="xs"
                leftSection={<IconPlayerPlay size={15} />}
                onClick={() => runNow(text)}
                disabled={text.trim() === ""}
              >
                Run
              </Button>
            )}
            <span className={classes.hint}>
              <Kbd>Ctrl</Kbd> <Kbd>Enter</Kbd>
            </span>
            <span className={classes.grow} />
            <HistoryMenu onPick={setText} />
          </div>
        </section>
        <Outcome query={query}>
          {asked && <Questions table={asked} before={before} onPick={choose} />}
        </Outcome>
      </div>
    </div>
  );
}

type OutcomeProps = { query: ReturnType<typeof useAnswer>; children: ReactNode };

/** What became of the question, or something to begin with. */
function Outcome({ query, children }: OutcomeProps) {
  const [saving, setSaving] = useState(false);
  const { question, answer, error, busy } = query;
  const save = async (as: FileFormat) => {
    if (!question) return;
    setSaving(true);
    try {
      const cut = await download(question, as);
      notifyDone(cut ? "The file has the first 1,000,000 rows." : "The file has all rows.");
    } catch (failure) {
      notifyFailed("The file was not made", failure as Error);
    }
    setSaving(false);
  };
  if (busy) return <LoadingRows rows={4} height={24} />;
  if (error) return <Refusal error={error} />;
  if (!answer) return children;
  return <ResultView answer={answer} saving={saving} onSave={(as) => void save(as)} />;
}

/** Why a statement has no answer, in the words of the database where it has some. */
function Refusal({ error }: { error: Error }) {
  const id = error instanceof ApiError && error.status !== 400 ? error.requestId : "";
  return (
    <div className={classes.refusal} role="alert" data-tone="bad">
      <pre dir="auto">{error.message}</pre>
      {id && <p>Request {id}</p>}
    </div>
  );
}

function HistoryMenu({ onPick }: { onPick: (sql: string) => void }) {
  const [past, setPast] = useState<Past[]>([]);
  return (
    <Menu position="bottom-end" width={420} onOpen={() => setPast(readHistory())}>
      <Menu.Target>
        <Button size="xs" variant="subtle" leftSection={<IconHistory size={15} />}>
          History
        </Button>
      </Menu.Target>
      <Menu.Dropdown className={classes.history ?? ""}>
        {past.length === 0 && <Menu.Label>What you run is remembered in this browser.</Menu.Label>}
        {past.map(({ sql, at }) => (
          <Menu.Item key={at + sql} onClick={() => onPick(sql)} title={sql}>
            <code>{sql.replaceAll(/\s+/g, " ")}</code>
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

/** The answer to the newest question; an older one that is under way is stopped. */
function useAnswer() {
  const [state, setState] = useState<{ question?: Question; answer?: Answer; error?: Error }>({});
  const [busy, setBusy] = useState(false);
  const going = useRef<AbortController>(undefined);
  const stop = useCallback(() => going.current?.abort(), []);
  useEffect(() => stop, [stop]);
  const start = useCallback(
    async (question: Question) => {
      stop();
      const own = new AbortController();
      going.current = own;
      setBusy(true);
      remember(question.sql, new Date());
      try {
        setState({ question, answer: await ask(question, own.signal) });
      } catch (failure) {
        // Who has stopped it knows that there is no answer.
        if (going.current === own) setState(own.signal.aborted ? {} : { error: failure as Error });
      }
      if (going.current === own) setBusy(false);
    },
    [stop],
  );
  return { ...state, busy, start, stop };
}
