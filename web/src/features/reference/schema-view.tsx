import { type ReactNode, useState } from "react";
import type { Json } from "../../lib/model";
import classes from "./reference.module.css";
import { type Document, resolve, type Schema, typeOf } from "./spec";

type Props = { document: Document; schema: Schema };

/** The members of a schema; those that have members themselves unfold. */
export function SchemaView({ document, schema: given }: Props) {
  const { schema } = resolve(document, given);
  const inner = schema.items ?? schema;
  const { schema: shown } = resolve(document, inner);
  const members = Object.entries(shown.properties ?? {});
  return (
    <div>
      <p className={classes.type}>{typeOf(given)}</p>
      {members.length > 0 && (
        <dl className={classes.members}>
          {members.map(([name, member]) => (
            <Member
              key={name}
              document={document}
              name={name}
              schema={member}
              required={shown.required?.includes(name) ?? false}
            />
          ))}
        </dl>
      )}
    </div>
  );
}

type MemberProps = Props & { name: string; required: boolean };

function Member({ document, name, schema, required }: MemberProps) {
  const choices = schema.enum?.map((value: Json) => String(value)).join(", ");
  return (
    <div>
      <dt>
        <code>{name}</code>
        {required && <span className={classes.required}>required</span>}
      </dt>
      <dd>
        <span className={classes.type}>{typeOf(schema)}</span>
        {schema.description && <p>{schema.description}</p>}
        {choices && <p>One of: {choices}</p>}
        {hasMembers(document, schema) && <Unfolding document={document} schema={schema} />}
      </dd>
    </div>
  );
}

function hasMembers(document: Document, given: Schema): boolean {
  const { schema } = resolve(document, given.items ?? given);
  return Object.keys(schema.properties ?? {}).length > 0;
}

/** What is inside is drawn when it is opened: schemas may hold themselves. */
function Unfolding({ document, schema }: Props) {
  return (
    <Lazy label={`Members of ${typeOf(schema.items ?? schema)}`}>
      {() => <SchemaView document={document} schema={schema} />}
    </Lazy>
  );
}

function Lazy({ label, children }: { label: string; children: () => ReactNode }) {
  const [open, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{label}</summary>
      {open && children()}
    </details>
  );
}
