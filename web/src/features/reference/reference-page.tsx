import { Anchor, TextInput } from "@mantine/core";
import { IconApi, IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { Page, PageHeader } from "../../ui/page";
import { EmptyState, ErrorState, LoadingRows } from "../../ui/states";
import classes from "./reference.module.css";
import { SchemaView } from "./schema-view";
import { type Document, documentQuery, findOperations, type Operation, operationsOf } from "./spec";
import { TryIt } from "./try-it";

const route = getRouteApi("/shell/api-reference");

/** Everything that can be called, from the server's own description of it. */
export function ReferencePage() {
  const document = useQuery(documentQuery);
  return (
    <Page title="API" fill>
      <PageHeader
        title="API"
        facts={
          <span>
            What programs can call. The same as{" "}
            <Anchor href="/api/openapi.json" inherit className={classes.underlined ?? ""}>
              OpenAPI 3.1
            </Anchor>
            .
          </span>
        }
      />
      {document.isPending && <LoadingRows />}
      {document.isError && (
        <ErrorState error={document.error} onRetry={() => void document.refetch()} />
      )}
      {document.data && <Reference document={document.data} />}
    </Page>
  );
}

function Reference({ document }: { document: Document }) {
  const { op, q = "" } = route.useSearch();
  const navigate = route.useNavigate();
  const all = useMemo(() => operationsOf(document), [document]);
  const found = useMemo(() => findOperations(all, q), [all, q]);
  const chosen = all.find(({ id }) => id === op) ?? found[0];
  return (
    <div className={classes.parts}>
      <nav className={classes.side} aria-label="Operations">
        <TextInput
          size="xs"
          aria-label="Search operations"
          placeholder="Search"
          leftSection={<IconSearch size={15} />}
          value={q}
          onChange={({ currentTarget: { value } }) =>
            void navigate({ search: value ? { q: value } : {}, replace: true })
          }
        />
        <Groups operations={found} chosen={chosen} />
      </nav>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard */}
      <section className={classes.main} aria-label="Operation" tabIndex={0}>
        {chosen ? (
          <Described key={chosen.id} document={document} operation={chosen} />
        ) : (
          <EmptyState icon={IconApi} title="Nothing can be called that has these words" />
        )}
      </section>
    </div>
  );
}

type GroupsProps = { operations: Operation[]; chosen: Operation | undefined };

function Groups({ operations, chosen }: GroupsProps) {
  const groups = new Map<string, Operation[]>();
  for (const one of operations) groups.set(one.tag, [...(groups.get(one.tag) ?? []), one]);
  return [...groups].map(([tag, members]) => (
    <section key={tag}>
      <h2>{tag}</h2>
      <ul>
        {members.map(({ id, method, path, summary }) => (
          <li key={id}>
            <Link
              from="/api-reference"
              to="/api-reference"
              search={(old) => ({ ...old, op: id })}
              title={summary}
              aria-current={id === chosen?.id ? "true" : undefined}
            >
              <Method method={method} />
              <bdi>{path}</bdi>
            </Link>
          </li>
        ))}
      </ul>
    </section>
  ));
}

function Method({ method }: { method: string }) {
  return (
    <span className={classes.method} data-method={method}>
      {method}
    </span>
  );
}

type DescribedProps = { document: Document; operation: Operation };

function Described({ document, operation }: DescribedProps) {
  const { method, path, summary, permission, parameters, body, answers } = operation;
  const shown = answers.filter(({ status }) => status.startsWith("2"));
  return (
    <>
      <div className={classes.described}>
        <h2>{summary}</h2>
        <p className={classes.path}>
          <Method method={method} /> <code>{path}</code>
        </p>
        <p>
          {permission ? (
            <>
              Takes the permission <code>{permission}</code>.
            </>
          ) : (
            "Takes no credentials."
          )}
        </p>
        {parameters.length > 0 && <Parameters parameters={parameters} />}
        {body && (
          <section>
            <h3>{body.required ? "Body" : "Body, may be absent"}</h3>
            <SchemaView document={document} schema={body.schema} />
          </section>
        )}
        {shown.map(({ status, description, schema }) => (
          <section key={status}>
            <h3>
              Answer {status}, {description}
            </h3>
            {schema && <SchemaView document={document} schema={schema} />}
          </section>
        ))}
      </div>
      <TryIt document={document} operation={operation} />
    </>
  );
}

function Parameters({ parameters }: Pick<Operation, "parameters">) {
  return (
    <section>
      <h3>Parameters</h3>
      <dl className={classes.members}>
        {parameters.map(({ name, in: place, description, required }) => (
          <div key={`${place} ${name}`}>
            <dt>
              <code>{name}</code>
              {required && <span className={classes.required}>required</span>}
            </dt>
            <dd>
              <span className={classes.type}>in the {place}</span>
              {description && <p>{description}</p>}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
