import { Button, Textarea, TextInput } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { IconCopy, IconSend } from "@tabler/icons-react";
import { useState } from "react";
import { ApiError, send } from "../../lib/api";
import classes from "./reference.module.css";
import { addressOf, curlOf, type Document, exampleOf, type Operation } from "./spec";

type Props = { document: Document; operation: Operation };

type Heard = { status: string; text: string };

/** How much of an answer is shown. */
const mostShown = 100_000;

/** The operation as curl, and a form that sends it with the session of the page. */
export function TryIt({ document, operation }: Props) {
  const [values, setValues] = useState<Record<string, string>>({});
  const [body, setBody] = useState(() => bodyOf(document, operation));
  const [heard, setHeard] = useState<Heard>();
  const [busy, setBusy] = useState(false);
  const clipboard = useClipboard();
  const fields = operation.parameters.filter(({ in: place }) => place !== "header");
  const missing = fields.some(({ in: place, name }) => place === "path" && !values[name]);
  const curl = curlOf(operation, { values, body }, window.location.origin);
  const changes = operation.method !== "GET";
  const trySend = async () => {
    setBusy(true);
    setHeard(await sent(operation, addressOf(operation, values), body));
    setBusy(false);
  };
  return (
    <section aria-label="Try it" className={classes.tryIt}>
      <div className={classes.curlHead}>
        <h3>curl</h3>
        <Button
          size="compact-xs"
          variant="subtle"
          leftSection={<IconCopy size={14} />}
          onClick={() => clipboard.copy(curl)}
        >
          {clipboard.copied ? "Copied" : "Copy"}
        </Button>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard */}
      <pre tabIndex={0}>{curl}</pre>
      <h3>Try it</h3>
      {changes && (
        <p className={classes.note}>This is no rehearsal: it is done on this server, as you.</p>
      )}
      <div className={classes.fields}>
        {fields.map(({ name, in: place, schema }) => (
          <TextInput
            key={name}
            size="xs"
            label={name}
            withAsterisk={place === "path"}
            placeholder={schema?.default === undefined ? "" : String(schema.default)}
            value={values[name] ?? ""}
            onChange={({ currentTarget: { value } }) =>
              setValues((old) => ({ ...old, [name]: value }))
            }
          />
        ))}
      </div>
      {operation.body && (
        <Textarea
          size="xs"
          label={`Body, ${operation.body.contentType}`}
          classNames={{ input: classes.body ?? "" }}
          autosize
          minRows={3}
          maxRows={14}
          spellCheck={false}
          value={body}
          onChange={({ currentTarget: { value } }) => setBody(value)}
        />
      )}
      <Button
        size="xs"
        mt="xs"
        variant={changes ? "default" : "filled"}
        leftSection={<IconSend size={15} />}
        loading={busy}
        disabled={missing}
        onClick={() => void trySend()}
      >
        Send {operation.method}
      </Button>
      {heard && <Answer heard={heard} />}
    </section>
  );
}

function Answer({ heard: { status, text } }: { heard: Heard }) {
  return (
    <div role="status" className={classes.answer}>
      <p>{status}</p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard */}
      {text && <pre tabIndex={0}>{text}</pre>}
    </div>
  );
}

function bodyOf(document: Document, { body }: Operation): string {
  if (!body?.contentType.includes("json")) return "";
  return JSON.stringify(exampleOf(document, body.schema), undefined, 2);
}

async function sent(operation: Operation, address: string, body: string): Promise<Heard> {
  const { method, body: takes } = operation;
  const headers = { Accept: "*/*", ...(takes && { "Content-Type": takes.contentType }) };
  // A stream never ends: what has come after a moment is enough to see.
  const signal = AbortSignal.timeout(30_000);
  try {
    const answer = await send(method, address, { headers, signal }, takes ? body : undefined);
    const text = await answer.text();
    return { status: `${answer.status} ${answer.statusText}`, text: pretty(text) };
  } catch (error) {
    if (!(error instanceof ApiError)) return { status: "No answer in 30 seconds", text: "" };
    const { status, code, message, requestId, problems } = error;
    const told = { error: message, code, request_id: requestId, problems };
    return { status: String(status), text: JSON.stringify(told, undefined, 2) };
  }
}

function pretty(text: string): string {
  let shown = text;
  try {
    shown = JSON.stringify(JSON.parse(text), undefined, 2);
  } catch {
    // It is no JSON, and is shown as it came.
  }
  return shown.length > mostShown ? `${shown.slice(0, mostShown)}\n…` : shown;
}
