import { Anchor, Button, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type ContactFile, contactFilesQuery, contactPath } from "../../lib/contacts";
import { formatBytes } from "../../lib/format";
import { useMay } from "../../lib/session";
import type { Tone } from "../../lib/status";
import { Failure } from "../../ui/failure";
import { RelativeTime } from "../../ui/relative-time";
import { ErrorState, LoadingRows } from "../../ui/states";
import { ToneBadge } from "../../ui/tone-badge";
import { useRetryFile } from "./commands";
import classes from "./contacts.module.css";

/** The files of a contact, and what became of those that are not here. */
export function ContactFiles({ id }: { id: string }) {
  const files = useQuery(contactFilesQuery(id));
  if (files.isPending) return <LoadingRows rows={2} height={24} />;
  if (files.isError) {
    return <ErrorState error={files.error} onRetry={() => void files.refetch()} />;
  }
  if (files.data.length === 0) {
    return (
      <Text c="dimmed" p="12px 14px">
        No files belong to this contact.
      </Text>
    );
  }
  return (
    <ul className={classes.lines}>
      {files.data.map((file) => (
        <FileLine key={file.id} contact={id} file={file} />
      ))}
    </ul>
  );
}

const tones: Record<ContactFile["state"], [Tone, string]> = {
  pending: ["wait", "On its way"],
  stored: ["good", "Stored"],
  failed: ["bad", "Failed"],
};

function FileLine({ contact, file }: { contact: string; file: ContactFile }) {
  const may = useMay();
  const retry = useRetryFile(contact);
  const [tone, label] = tones[file.state];
  return (
    <li className={classes.line}>
      <div className={classes.words}>
        {file.state === "stored" ? (
          <Anchor href={`${contactPath(contact)}/attachments/${file.id}`} download>
            <bdi>{file.name}</bdi>
          </Anchor>
        ) : (
          <bdi>{file.url}</bdi>
        )}
        <span className={classes.soft}>
          {file.role === "resume" ? "Resume" : "Document"}
          {file.state === "stored" && `, ${formatBytes(file.size)}`}
          {file.error && `, ${file.error} (attempt ${file.attempts})`}
          {file.next_try && file.attempts > 0 && (
            <>
              , again <RelativeTime at={file.next_try} />
            </>
          )}
        </span>
        {retry.error && <Failure error={retry.error} />}
      </div>
      <div className={classes.when}>
        {file.state === "failed" && may("contacts.edit") && (
          <Button
            size="compact-sm"
            variant="subtle"
            loading={retry.isPending}
            onClick={() => retry.mutate(file.id)}
          >
            Fetch again
          </Button>
        )}
        <ToneBadge tone={tone}>{label}</ToneBadge>
      </div>
    </li>
  );
}
