import { Button, Loader, Menu, SegmentedControl } from "@mantine/core";
import { IconChartBar, IconDownload, IconTable, IconTableOff } from "@tabler/icons-react";
import { lazy, Suspense, useMemo, useState } from "react";
import { type Answer, type FileFormat, fileFormats, mostRows } from "../../lib/console";
import { formatDuration, formatExactCount } from "../../lib/format";
import type { Json } from "../../lib/model";
import { DataTable } from "../../ui/data-table";
import { NativeSelect } from "../../ui/native-select";
import { EmptyState } from "../../ui/states";
import classes from "./console.module.css";
import { choicesOf, mostPoints, seriesOf } from "./series";

const Chart = lazy(() => import("./chart").then((module) => ({ default: module.Chart })));

type Props = { answer: Answer; saving: boolean; onSave: (as: FileFormat) => void };

/** An answer as rows or as a chart, with what it was made of. */
export function ResultView({ answer, saving, onSave }: Props) {
  const [shape, setShape] = useState<"table" | "chart">("table");
  return (
    <div className={classes.result}>
      <div className={classes.resultHead}>
        <p role="status">{extentOf(answer)}</p>
        <Samples answer={answer} />
        <span className={classes.grow} />
        <SegmentedControl
          size="xs"
          aria-label="Show as"
          value={shape}
          onChange={(value) => setShape(value as typeof shape)}
          data={[
            { value: "table", label: "Table" },
            { value: "chart", label: "Chart" },
          ]}
        />
        <SaveMenu saving={saving} onSave={onSave} />
      </div>
      {shape === "table" ? <Rows answer={answer} /> : <ChartPart answer={answer} />}
    </div>
  );
}

function extentOf({ rows, columns, truncated, duration_ms }: Answer): string {
  const count = truncated
    ? `The first ${formatExactCount(mostRows)} rows`
    : `${formatExactCount(rows.length)} ${rows.length === 1 ? "row" : "rows"}`;
  const wide = `${columns.length} ${columns.length === 1 ? "column" : "columns"}`;
  return `${count}, ${wide}, ${formatDuration(duration_ms)}`;
}

/** Says which tables were samples: a count of them is no count of the rows. */
function Samples({ answer }: { answer: Answer }) {
  const samples = answer.tables.filter(({ kept }) => !kept);
  if (samples.length === 0) return null;
  return (
    <span className={classes.sample} title="The run has kept the first rows of these nodes only">
      Of a sample: <bdi>{samples.map(({ table }) => table).join(", ")}</bdi>
    </span>
  );
}

function SaveMenu({ saving, onSave }: Omit<Props, "answer">) {
  return (
    <Menu position="bottom-end" width={200}>
      <Menu.Target>
        <Button
          size="xs"
          variant="default"
          loading={saving}
          leftSection={<IconDownload size={15} />}
        >
          Download
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {fileFormats.map((as) => (
          <Menu.Item key={as.label} onClick={() => onSave(as)}>
            {as.label}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function Rows({ answer: { columns, rows } }: { answer: Answer }) {
  const named = useMemo(
    () =>
      rows.map((row) => {
        const values: Record<string, Json> = {};
        columns.forEach(({ name }, place) => {
          values[name] = row[place] ?? null;
        });
        return values;
      }),
    [columns, rows],
  );
  if (rows.length === 0) {
    return (
      <EmptyState icon={IconTableOff} title="No rows">
        Nothing in these tables is as the query asks.
      </EmptyState>
    );
  }
  return <DataTable columns={columns.map(({ name }) => name)} types={columns} rows={named} />;
}

function ChartPart({ answer }: { answer: Answer }) {
  const { along, up } = useMemo(() => choicesOf(answer), [answer]);
  const [chosenAlong, setAlong] = useState<number>();
  const [chosenUp, setUp] = useState<number>();
  const first = up.findLast(({ place }) => place !== along[0]?.place) ?? up[0];
  const x = along.find(({ place }) => place === chosenAlong) ?? along[0];
  const y = up.find(({ place }) => place === chosenUp) ?? first;
  const series = useMemo(
    () => (x && y ? seriesOf(answer, x.place, y.place) : undefined),
    [answer, x, y],
  );
  if (!series || !y || answer.rows.length === 0) {
    return (
      <EmptyState icon={IconChartBar} title="Nothing to draw">
        A chart needs rows with a column of numbers.
      </EmptyState>
    );
  }
  return (
    <div className={classes.chartPart}>
      <div className={classes.axes}>
        <Axis label="Along" columns={along} value={x?.place} onChange={setAlong} />
        <Axis label="Up" columns={up} value={y.place} onChange={setUp} />
        {answer.rows.length > mostPoints && (
          <p>{`The first ${formatExactCount(mostPoints)} rows are drawn.`}</p>
        )}
      </div>
      <Suspense fallback={<Loader size="sm" m="md" role="status" aria-label="Loading" />}>
        <Chart series={series} name={y.name} />
      </Suspense>
    </div>
  );
}

type AxisProps = {
  label: string;
  columns: { place: number; name: string }[];
  value: number | undefined;
  onChange: (place: number) => void;
};

function Axis({ label, columns, value, onChange }: AxisProps) {
  return (
    <NativeSelect
      size="xs"
      aria-label={label}
      leftSection={<IconTable size={14} />}
      value={value ?? ""}
      onChange={(event) => onChange(Number(event.currentTarget.value))}
      data={columns.map(({ place, name }) => ({
        value: String(place),
        label: `${label}: ${name}`,
      }))}
    />
  );
}
