import { Badge, Text } from "@mantine/core";
import type { JsonSchema, Settings } from "../lib/model";
import { type SettingRow, type SettingValue, settingRows } from "../lib/settings";
import classes from "./settings-view.module.css";

/** A node's settings to read, titled and ordered by the JSON Schema of its kind. */
export function SettingsView({
  schema,
  settings,
}: {
  schema: JsonSchema;
  settings: Settings | null | undefined;
}) {
  const rows = settingRows(schema, settings ?? {});
  if (rows.length === 0) return <Text c="dimmed">This node has no settings.</Text>;
  return <Rows rows={rows} />;
}

function Rows({ rows }: { rows: SettingRow[] }) {
  return (
    <dl className={classes.rows}>
      {rows.map((row) => (
        <div key={row.key} className={classes.row}>
          <dt className={classes.title} title={row.description}>
            {row.title}
          </dt>
          <dd className={classes.value}>
            <Value value={row.value} required={row.required} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Value({ value, required = false }: { value: SettingValue; required?: boolean }) {
  switch (value.kind) {
    case "unset":
      return <Unset fallback={value.fallback} required={required} />;
    case "secret":
      return <span className={classes.soft}>Set, not shown</span>;
    case "text":
      return <bdi>{value.text}</bdi>;
    case "code":
      return (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
        <pre className={classes.code} tabIndex={0}>
          {value.text}
        </pre>
      );
    case "list":
      return <Items items={value.items} />;
    case "group":
      return (
        <>
          {value.title && <div className={classes.groupTitle}>{value.title}</div>}
          <Rows rows={value.rows} />
        </>
      );
  }
}

function Unset({ fallback, required }: { fallback: string | undefined; required: boolean }) {
  if (fallback !== undefined) return <span className={classes.soft}>{fallback} (default)</span>;
  return required ? (
    <span className={classes.missing}>Missing</span>
  ) : (
    <span className={classes.soft}>Empty</span>
  );
}

function Items({ items }: { items: SettingValue[] }) {
  if (items.length === 0) return <span className={classes.soft}>None</span>;
  const short = items.every((item) => item.kind === "text");
  const keyed = items.map((item, place) => ({ item, key: `item-${place}` }));
  return (
    <ol className={short ? classes.chips : classes.items}>
      {keyed.map(({ item, key }) => (
        <li key={key}>
          {item.kind === "text" ? (
            <Badge variant="default" radius="sm" tt="none" fw={500}>
              <bdi>{item.text}</bdi>
            </Badge>
          ) : (
            <Value value={item} />
          )}
        </li>
      ))}
    </ol>
  );
}
