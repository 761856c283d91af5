import { Switch } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { type ComponentType, useState } from "react";
import type { JsonSchema, Problem, Settings } from "../../lib/model";
import { ColorSchemeToggle } from "../../ui/color-scheme-toggle";
import { SchemaForm } from "../../ui/form/schema-form";
import { TextLink } from "../../ui/links";
import { NativeSelect } from "../../ui/native-select";
import { Panel } from "../../ui/page";
import { PipelineSettings } from "../../ui/pipeline-settings/pipeline-settings";
import { setAt } from "../../ui/pipeline-settings/set-at";
import { Dialogs, Trials } from "./dialogs";
import { Canvases, Code } from "./drawings";
import classes from "./gallery.module.css";
import { Signs, Tokens } from "./looks";
import { pipeline, pipelineProblems, samples } from "./samples";
import { Fields, States } from "./states";
import { newStill } from "./still";
import { Tables } from "./tables";
import { kinds } from "./things";

const route = getRouteApi("/_gallery");

const parts: Record<string, ComponentType> = {
  tokens: Tokens,
  signs: Signs,
  tables: Tables,
  states: States,
  fields: Fields,
  code: Code,
  canvas: Canvases,
  dialogs: Dialogs,
  trials: Trials,
};

/** Every part of the interface in every state, for those who build it. Not in what is shipped. */
export function GalleryPage() {
  const { kind, part = "tokens" } = route.useSearch();
  const [still] = useState(newStill);
  const Shown = parts[part] ?? Tokens;
  return (
    <main className={classes.gallery}>
      <Head kind={kind} part={part} />
      {kind === undefined ? (
        <QueryClientProvider client={still}>
          <Shown />
        </QueryClientProvider>
      ) : kind === "pipeline settings" ? (
        <SettingsSample />
      ) : (
        <FormSample key={kind} name={kind} />
      )}
    </main>
  );
}

type HeadProps = { kind: string | undefined; part: string };

function Head({ kind, part }: HeadProps) {
  const navigate = route.useNavigate();
  return (
    <header className={classes.head}>
      <h1>Gallery</h1>
      <nav className={classes.nav} aria-label="Parts">
        {Object.keys(parts).map((name) => (
          <TextLink
            key={name}
            to="/_gallery"
            search={{ part: name }}
            aria-current={kind === undefined && part === name ? "page" : undefined}
          >
            {name}
          </TextLink>
        ))}
      </nav>
      <NativeSelect
        label="Form of"
        value={kind ?? ""}
        data={[
          { value: "", label: "–" },
          ...Object.keys(samples),
          "pipeline settings",
          ...kinds.map(({ type }) => type),
        ]}
        onChange={({ currentTarget }) =>
          void navigate({
            search: currentTarget.value ? { kind: currentTarget.value } : {},
            replace: true,
          })
        }
      />
      <ColorSchemeToggle />
    </header>
  );
}

type Sample = { schema: JsonSchema; value: Settings; problems: Problem[] };

function FormSample({ name }: { name: string }) {
  const schema = kinds.find(({ type }) => type === name)?.schema ?? {};
  const sample: Sample = samples[name] ?? { schema, value: {}, problems: [] };
  const [value, setValue] = useState(sample.value);
  const [readOnly, setReadOnly] = useState(false);
  const [wrong, setWrong] = useState(sample.problems.length > 0);
  return (
    <div className={classes.pair}>
      <Panel className={classes.form ?? ""}>
        <SchemaForm
          schema={sample.schema}
          value={value}
          problems={wrong ? sample.problems : []}
          columns={columns}
          placeholders={["param.month"]}
          readOnly={readOnly}
          onChange={setValue}
        />
      </Panel>
      <div>
        <Switch
          label="Only to read"
          checked={readOnly}
          onChange={(event) => setReadOnly(event.currentTarget.checked)}
        />
        <Switch
          label="With problems"
          checked={wrong}
          onChange={(event) => setWrong(event.currentTarget.checked)}
        />
        <pre className={classes.value} data-testid="value">
          {JSON.stringify(value, undefined, 2)}
        </pre>
      </div>
    </div>
  );
}

function SettingsSample() {
  const [value, setValue] = useState(pipeline);
  const [readOnly, setReadOnly] = useState(false);
  const [wrong, setWrong] = useState(false);
  return (
    <>
      <Switch
        label="Only to read"
        checked={readOnly}
        onChange={(event) => setReadOnly(event.currentTarget.checked)}
      />
      <Switch
        label="With problems"
        checked={wrong}
        onChange={(event) => setWrong(event.currentTarget.checked)}
      />
      <PipelineSettings
        document={value}
        problems={wrong ? pipelineProblems : []}
        readOnly={readOnly}
        onChange={(path, next) => setValue((old) => setAt(old, path, next))}
      />
      <pre className={classes.value} data-testid="value">
        {JSON.stringify(value, undefined, 2)}
      </pre>
    </>
  );
}

const columns = [
  { name: "id", type: "BIGINT" },
  { name: "amount", type: "DECIMAL(18,2)" },
  { name: "country", type: "VARCHAR" },
  { name: "created_at", type: "TIMESTAMP" },
  { name: "unit price", type: "DOUBLE" },
];
