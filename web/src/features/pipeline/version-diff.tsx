import { IconEqual } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { Change, Json, PipelineVersion } from "../../lib/model";
import { diffQuery } from "../../lib/queries";
import { NativeSelect } from "../../ui/native-select";
import { EmptyState, ErrorState, LoadingRows } from "../../ui/states";
import classes from "./versions.module.css";

type Props = {
  pipelineId: string;
  versions: PipelineVersion[];
  from: number | undefined;
  to: number;
  onAgainst: (version: number) => void;
  action: ReactNode;
};

/** What is different in version `to`, compared with `from`. */
export function VersionDiff({ pipelineId, versions, from, to, onAgainst, action }: Props) {
  const others = versions.map((one) => one.version).filter((version) => version !== to);
  return (
    <>
      <div className={classes.diffHead}>
        <span>
          <strong>Version {to}</strong>
          {from !== undefined && " compared with"}
        </span>
        {from !== undefined && (
          <NativeSelect
            size="xs"
            aria-label="Compare with"
            data={others.map((version) => ({
              value: String(version),
              label: `Version ${version}`,
            }))}
            value={String(from)}
            onChange={(event) => onAgainst(Number(event.currentTarget.value))}
          />
        )}
        <span className={classes.spacer} />
        {action}
      </div>
      {from === undefined ? (
        <EmptyState icon={IconEqual} title="This is the first version">
          There is nothing before it to compare with.
        </EmptyState>
      ) : (
        <Changes pipelineId={pipelineId} from={from} to={to} />
      )}
    </>
  );
}

function Changes({ pipelineId, from, to }: { pipelineId: string; from: number; to: number }) {
  const diff = useQuery(diffQuery(pipelineId, from, to));
  if (diff.isPending) return <LoadingRows rows={4} />;
  if (diff.isError) {
    return <ErrorState error={diff.error} onRetry={() => void diff.refetch()} />;
  }
  const changes = diff.data.changes ?? [];
  if (changes.length === 0) {
    return <EmptyState icon={IconEqual} title="The two versions are the same" />;
  }
  return (
    <ul className={classes.changes}>
      {changes.map((change) => (
        <ChangeItem key={`${change.op} ${change.path}`} change={change} />
      ))}
    </ul>
  );
}

const opWords = {
  added: { label: "Added", tone: "good" },
  removed: { label: "Removed", tone: "bad" },
  changed: { label: "Changed", tone: "busy" },
} as const;

function ChangeItem({ change }: { change: Change }) {
  const { label, tone } = opWords[change.op];
  return (
    <li>
      <div className={classes.changeHead}>
        <span className={classes.op} data-tone={tone}>
          {label}
        </span>
        <code>{change.path}</code>
      </div>
      <Side value={change.before} tone="bad" sign="−" />
      <Side value={change.after} tone="good" sign="+" />
    </li>
  );
}

type SideProps = { value: Json | undefined; tone: "good" | "bad"; sign: string };

function Side({ value, tone, sign }: SideProps) {
  if (value === undefined) return null;
  const text = typeof value === "string" ? value : JSON.stringify(value, null, 2);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
    <pre className={classes.side} data-tone={tone} data-sign={sign} tabIndex={0}>
      {text}
    </pre>
  );
}
