import { TextInput } from "@mantine/core";
import "@mantine/core/styles/Combobox.css";
import type { Parameter, Params } from "../lib/model";
import { NativeSelect } from "./native-select";

type Props = {
  params: Params;
  /** Which values they take; without it they take any. */
  declared: Record<string, Parameter>;
  onChange: (next: Params) => void;
  /** Placeholders are taken as well, such as ${interval.start}, so that every value is text. */
  placeholders?: boolean;
  focusFirst?: boolean;
};

/** The parameters of runs, each with the input of its type. */
export function ParamFields({
  params,
  declared,
  onChange,
  placeholders = false,
  focusFirst = false,
}: Props) {
  return Object.entries(params).map(([name, value], index) => (
    <ParamField
      key={name}
      name={name}
      value={value}
      parameter={declared[name] ?? {}}
      asText={placeholders || value.includes("${")}
      focus={focusFirst && index === 0}
      onChange={(next) => onChange({ ...params, [name]: next })}
    />
  ));
}

type FieldProps = {
  name: string;
  value: string;
  parameter: Parameter;
  asText: boolean;
  focus: boolean;
  onChange: (next: string) => void;
};

function ParamField({ name, value, parameter, asText, focus, onChange }: FieldProps) {
  const words = {
    label: name,
    description: hintOf(parameter),
    required: parameter.required ?? false,
    value,
    "data-autofocus": focus || undefined,
  };
  const choices = asText ? undefined : choicesOf(parameter);
  if (!choices) {
    return (
      <TextInput
        {...words}
        {...(asText ? {} : inputOf(parameter))}
        onChange={({ currentTarget }) => onChange(currentTarget.value)}
      />
    );
  }
  const unknown = value !== "" && !choices.includes(value) ? [value] : [];
  return (
    <NativeSelect
      {...words}
      data={[{ value: "", label: "Not given" }, ...choices, ...unknown]}
      onChange={({ currentTarget }) => onChange(currentTarget.value)}
    />
  );
}

function choicesOf({ type, one_of }: Parameter): string[] | undefined {
  if (one_of?.length) return one_of;
  return type === "boolean" ? ["true", "false"] : undefined;
}

/** What the input of a type is to the browser. */
function inputOf({ type }: Parameter) {
  switch (type) {
    case "date":
      return { type: "date" } as const;
    case "integer":
      return { inputMode: "numeric" } as const;
    case "number":
      return { inputMode: "decimal" } as const;
    default:
      return {};
  }
}

/** What a parameter is for and takes, in words. */
function hintOf({ description, type, one_of }: Parameter): string | undefined {
  const takes = one_of?.length ? `One of ${one_of.join(", ")}.` : type && forms[type];
  return [description, takes].filter(Boolean).join(" ") || undefined;
}

const forms = {
  text: "",
  integer: "A whole number.",
  number: "A number.",
  boolean: "true or false.",
  date: "A day, such as 2026-03-01.",
  timestamp: "A time, such as 2026-03-01T12:00:00Z.",
};

/** The parameters that a pipeline has, with the values that its runs use unless told otherwise. */
export function paramsOf(
  declared: Record<string, Parameter>,
  values: Params | null | undefined,
): Params {
  return { ...Object.fromEntries(Object.keys(declared).map((name) => [name, ""])), ...values };
}

/** What is sent: what is left blank is not given, as a blank date would be a wrong one. */
export function givenOf(params: Params, declared: Record<string, Parameter>): Params {
  return Object.fromEntries(
    Object.entries(params).filter(([name, value]) => value || !declared[name]),
  );
}
