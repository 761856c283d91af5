import { Skeleton } from "@mantine/core";
import { IconLock } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { blank } from "../../lib/document/text";
import { meQuery, nodeTypesQuery, permissionsQuery, pipelineQuery } from "../../lib/queries";
import { useMay } from "../../lib/session";
import { Page, Panel } from "../../ui/page";
import { EmptyState, ErrorState } from "../../ui/states";
import { Editor } from "./editor";
import classes from "./editor.module.css";
import type { View } from "./editor-header";
import { handedOver, taken } from "./handover";
import { type Base, kept } from "./kept";
import { EditorStore } from "./store";
import { readSaved } from "./use-save";

const editRoute = getRouteApi("/shell/pipelines/$pipelineId/edit");
const newRoute = getRouteApi("/shell/pipelines/new");

/** Draws a pipeline that is saved. */
export function EditPage() {
  const { pipelineId } = editRoute.useParams();
  const search = editRoute.useSearch();
  const navigate = editRoute.useNavigate();
  // What is edited is read once: what others save later is told of, and brought in when it is wanted.
  const handed = handedOver(pipelineId);
  const saved = useQuery({
    queryKey: ["editor", pipelineId],
    queryFn: ({ signal }) => readSaved(pipelineId, signal),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    ...(handed ? { initialData: { ...handed.base, pipeline: handed.pipeline } } : {}),
    refetchOnWindowFocus: false,
  });
  // The stream of every tab tells of saves, and then this is asked anew.
  const newest = useQuery(pipelineQuery(pipelineId));
  return (
    <Frame
      title={saved.data ? `Edit ${saved.data.pipeline.name}` : "Edit"}
      needs="pipelines.edit"
      error={saved.error}
      onRetry={() => void saved.refetch()}
    >
      {saved.data && (
        <Opened
          key={saved.data.pipeline.id}
          pipelineId={saved.data.pipeline.id}
          base={saved.data}
          drawn={handed?.store}
          newest={newest.data?.version ?? 0}
          {...search}
          onSearch={(next) => void navigate({ search: next, replace: true })}
        />
      )}
    </Frame>
  );
}

/** Draws a new pipeline. */
export function NewPage() {
  const search = newRoute.useSearch();
  const navigate = newRoute.useNavigate();
  const [base] = useState(() => ({ text: blank("New pipeline"), version: 0 }));
  return (
    <Frame title="New pipeline" needs="pipelines.create" error={null}>
      <Opened
        pipelineId={undefined}
        base={base}
        newest={0}
        {...search}
        onSearch={(next) => void navigate({ search: next, replace: true })}
      />
    </Frame>
  );
}

type FrameProps = {
  title: string;
  needs: "pipelines.edit" | "pipelines.create";
  error: Error | null;
  onRetry?: () => void;
  children: React.ReactNode;
};

/** Shows the editor to those who may use it. */
function Frame({ title, needs, error, onRetry, children }: FrameProps) {
  const may = useMay();
  const permissions = useQuery(permissionsQuery);
  if (permissions.data && !may(needs)) {
    return (
      <Page title={title} fill>
        <Panel>
          <EmptyState icon={IconLock} title="You may look at pipelines, not change them">
            Ask an administrator for the role of an editor.
          </EmptyState>
        </Panel>
      </Page>
    );
  }
  if (error) {
    return (
      <Page title={title} fill>
        <Panel>
          <ErrorState error={error} {...(onRetry ? { onRetry } : {})} />
        </Panel>
      </Page>
    );
  }
  return (
    <Page title={title} fill>
      {permissions.data && children ? children : <Loading />}
    </Page>
  );
}

function Loading() {
  return (
    <div className={classes.loading} role="status" aria-label="Loading">
      <Skeleton height={34} />
      <Skeleton className={classes.grow ?? ""} radius={10} />
    </div>
  );
}

type Search = { view?: Exclude<View, "canvas">; node?: string };

type Shown = { view?: View; node?: string };

type OpenedProps = Shown & {
  pipelineId: string | undefined;
  base: Base;
  /** The document of the page before, with what can be undone of it. */
  drawn?: EditorStore | undefined;
  newest: number;
  onSearch: (search: Search) => void;
};

function Opened(props: OpenedProps) {
  const { pipelineId, base, newest, view = "canvas", node, onSearch } = props;
  const kinds = useQuery(nodeTypesQuery);
  const me = useQuery(meQuery);
  const [store] = useState(() => props.drawn ?? new EditorStore(base.text));
  useEffect(taken, []);
  const user = me.data?.id ?? "open";
  const [left] = useState(() => kept(user, pipelineId ?? "new"));
  if (kinds.isError) return <ErrorState error={kinds.error} onRetry={() => void kinds.refetch()} />;
  if (!kinds.data) return <Loading />;
  const search = (next: Shown) =>
    onSearch({
      ...(next.view && next.view !== "canvas" ? { view: next.view } : {}),
      ...(next.node ? { node: next.node } : {}),
    });
  return (
    <Editor
      {...{ store, pipelineId, newest, user, view, node }}
      base={{ text: base.text, version: base.version, first: base.first ?? {} }}
      left={left && left.text !== base.text ? left : undefined}
      kinds={kinds.data}
      onView={(next) => search({ view: next, ...(node ? { node } : {}) })}
      onNode={(id) => search({ view, ...(id ? { node: id } : {}) })}
    />
  );
}
