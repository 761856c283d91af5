import { sql } from "@codemirror/lang-sql";
import { useState } from "react";
import { LazyCanvas } from "../../ui/canvas/lazy-canvas";
import { CodeEditor } from "../../ui/code-editor";
import { CodeView } from "../../ui/code-view";
import classes from "./gallery.module.css";
import { Part, State } from "./part";
import { document, kinds, nodeRuns, otherRuns } from "./things";

const language = sql();

const yaml = `# How late are they?
name: Late flights
schedule: "30 6 * * 1-5"
nodes:
  - id: flights
    type: source_file
    config: {path: in/*.csv, header: true, skip: 2}
`;

/** Code to read and to write. */
export function Code() {
  const [text, setText] = useState("SELECT country, count(*)\nFROM flights\nWHERE delay > 15");
  const [blank, setBlank] = useState("");
  return (
    <>
      <Part title="Code, to read" bare>
        <div className={classes.code}>
          <CodeView label="A document" text={yaml} />
        </div>
      </Part>
      <Part title="Code, to write">
        <State name="Numbered">
          <CodeEditor value={text} onChange={setText} label="Query" language={language} numbered />
        </State>
        <State name="Empty, with a hint">
          <CodeEditor
            value={blank}
            onChange={setBlank}
            label="Condition"
            language={language}
            hint="delay > 15"
          />
        </State>
        <State name="Only to read">
          <CodeEditor value={text} onChange={setText} label="Kept" language={language} readOnly />
        </State>
      </Part>
    </>
  );
}

/** Nodes and edges. */
export function Canvases() {
  const [selected, setSelected] = useState<string | undefined>("join");
  const drawn = { graph: document, kinds, onSelect: setSelected };
  const some = { ...document, edges: [], nodes: document.nodes.slice(0, 3) };
  return (
    <>
      <Part title="As it is made, with a chosen node and a pinned one" bare>
        <div className={classes.drawing}>
          <LazyCanvas
            {...drawn}
            {...(selected ? { selected } : {})}
            pinned={new Set(["airports"])}
          />
        </div>
      </Part>
      <Part title="As it runs" bare>
        <div className={classes.drawing}>
          <LazyCanvas {...drawn} nodeRuns={nodeRuns} />
        </div>
      </Part>
      <Part title="Larger: at work, tried again, cancelled" bare>
        <div className={classes.drawing}>
          <LazyCanvas {...drawn} graph={some} nodeRuns={otherRuns} />
        </div>
      </Part>
      <Part title="Some stand out" bare>
        <div className={classes.drawing}>
          <LazyCanvas {...drawn} lit={new Set(["airports", "join", "check"])} />
        </div>
      </Part>
    </>
  );
}
