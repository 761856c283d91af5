import { ActionIcon, Button, Tooltip } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useRef, useState } from "react";
import type { Json, Problem, Settings } from "../../lib/model";
import { Entry } from "./entry";
import type { FieldProps } from "./field-view";
import { blankOf, type Field, isObject, type Offers } from "./fields";
import classes from "./form.module.css";
import { ListHead } from "./list-head";
import { Problems } from "./problem-list";
import { below, isUnder } from "./problems";
import { useSurroundings } from "./surroundings";
import { OfferedText } from "./text-field";
import { isRepeated, type MapRow, objectOf, same } from "./values";

type Props = FieldProps & { names: Offers; values: Field };

/** An object with names that people choose, as rows of a name and a value. */
export function MapField({ names, values, ...props }: Props) {
  const { field, path, value, problems, onChange, label } = props;
  const { readOnly } = useSurroundings();
  const { rows, setRows, nextId } = useRows(isObject(value) ? value : {});
  const own = problems.filter(
    (problem) => !rows.some(({ name }) => isUnder(problem.path, below(path, name))),
  );
  const change = (next: MapRow[]) => {
    setRows(next);
    const object = objectOf(next);
    const gone = Object.keys(object).length === 0 && !field.required && label === undefined;
    onChange(gone ? undefined : object);
  };
  return (
    <fieldset className={classes.list}>
      <ListHead field={field} label={label} />
      {rows.map((row, place) => (
        <Row
          key={row.id}
          row={row}
          title={field.title}
          place={place}
          repeated={isRepeated(rows, place)}
          names={names}
          values={values}
          path={below(path, row.name)}
          problems={problems.filter(({ path: one }) => isUnder(one, below(path, row.name)))}
          onChange={(next) => change(rows.with(place, next))}
          onRemove={() => change(rows.toSpliced(place, 1))}
        />
      ))}
      <Problems problems={own} value={value} onChange={onChange} />
      {!readOnly && (
        <Button
          size="compact-xs"
          variant="default"
          className={classes.add ?? ""}
          leftSection={<IconPlus size={14} />}
          aria-label={`Add to ${field.title}`}
          onClick={() => change([...rows, { id: nextId(), name: "", value: blankOf(values) }])}
        >
          Add
        </Button>
      )}
    </fieldset>
  );
}

/** The rows of an object. They are what was written, for as long as that means the object. */
function useRows(object: Settings) {
  const last = useRef(0);
  const nextId = () => ++last.current;
  const fresh = () =>
    Object.entries(object).map(([name, value]) => ({
      id: nextId(),
      name,
      value,
      nameless: name === "",
    }));
  const [rows, setRows] = useState<MapRow[]>(fresh);
  if (same(objectOf(rows), object)) return { rows, setRows, nextId };
  const next = fresh();
  setRows(next);
  return { rows: next, setRows, nextId };
}

type RowProps = {
  row: MapRow;
  title: string;
  place: number;
  repeated: boolean;
  names: Offers;
  values: Field;
  path: string;
  problems: Problem[];
  onChange: (next: MapRow) => void;
  onRemove: () => void;
};

function Row(props: RowProps) {
  const { row, title, place, repeated, names, values, path, problems, onChange, onRemove } = props;
  const { readOnly } = useSurroundings();
  const wide = values.control.kind === "group";
  const place1 = `${title}, row ${place + 1}`;
  const set = (value: Json | undefined) => onChange({ ...row, value: value ?? "" });
  return (
    <div className={wide ? classes.wideEntry : classes.entry}>
      <OfferedText
        aria-label={`${place1}: name`}
        className={classes.entryName ?? ""}
        offers={names}
        named={false}
        value={row.name}
        placeholder={names.from === "columns" ? "Column" : "Name"}
        readOnly={readOnly}
        error={repeated ? "This name is there already, so the row does not count." : undefined}
        onChange={(name) => onChange({ ...row, name, nameless: false })}
      />
      <div className={classes.entryBody}>
        <Entry
          field={values}
          path={path}
          label={`${place1}: value`}
          value={row.value}
          problems={problems}
          onChange={set}
          fixName={(name) => onChange({ ...row, name })}
          name={row.name}
        />
      </div>
      {!readOnly && (
        <Tooltip label="Remove">
          <ActionIcon aria-label={`Remove ${place1}`} onClick={onRemove}>
            <IconTrash size={16} />
          </ActionIcon>
        </Tooltip>
      )}
    </div>
  );
}

const anything: Field = {
  key: "",
  title: "",
  help: "",
  required: true,
  fallback: undefined,
  old: false,
  everyNode: false,
  secrets: false,
  control: { kind: "any" },
};

/** Settings of any name beside those that have a meaning here. */
export function FreeSettings(
  props: Omit<FieldProps, "field" | "onChange"> & {
    onChange: (next: Settings) => void;
  },
) {
  const title = "Settings of your own";
  const field = { ...anything, title, help: "They are in config, by their names." };
  return (
    <MapField
      {...props}
      field={field}
      names={{ from: "nothing" }}
      values={anything}
      onChange={(next) => props.onChange(isObject(next) ? next : {})}
    />
  );
}
