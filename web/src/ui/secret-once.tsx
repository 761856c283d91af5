import { Button, Textarea } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import classes from "./secret-once.module.css";

type Props = {
  /** What the text is, such as "Token". */
  label: string;
  text: string;
};

/** Text that is shown only now, such as a secret, with a button that copies it. */
export function SecretOnce({ label, text }: Props) {
  const clipboard = useClipboard({ timeout: 3_000 });
  return (
    <div>
      <div className={classes.row}>
        <Textarea
          className={classes.secret ?? ""}
          classNames={{ input: classes.text ?? "" }}
          label={label}
          value={text}
          readOnly
          autosize
          spellCheck={false}
          onFocus={(event) => event.currentTarget.select()}
        />
        <Button
          variant="default"
          leftSection={clipboard.copied ? <IconCheck size={16} /> : <IconCopy size={16} />}
          aria-label={clipboard.copied ? `${label} copied` : `Copy ${label}`}
          onClick={() => clipboard.copy(text)}
        >
          {clipboard.copied ? "Copied" : "Copy"}
        </Button>
      </div>
      {/* Browsers refuse to copy for pages that did not come over TLS. */}
      {clipboard.error && (
        <p className={classes.hint} role="alert">
          The browser does not let this page copy. Click the text to mark it, then press Ctrl C.
        </p>
      )}
    </div>
  );
}
