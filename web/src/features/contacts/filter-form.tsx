import { Button, SegmentedControl, TextInput } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import type { ContactFilter } from "../../lib/contacts";
import classes from "./contacts.module.css";

const route = getRouteApi("/shell/contacts");

/** Narrows the list; the URL holds what was chosen. */
export function FilterForm({ filter }: { filter: ContactFilter }) {
  const navigate = route.useNavigate();
  const { product, ...given } = filter;
  const [words, setWords] = useState({ email: "", status: "", tag: "", ...given });
  const type = (part: Partial<typeof words>) => setWords({ ...words, ...part });
  const show = (next: ContactFilter["product"]) => {
    const typed = Object.entries(words).map(([name, value]) => [name, value.trim()]);
    const search = Object.fromEntries(typed.filter(([, value]) => value !== ""));
    void navigate({ search: { ...search, ...(next && { product: next }) } });
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    show(product);
  };
  return (
    <form className={classes.filters} onSubmit={submit}>
      <SegmentedControl
        size="xs"
        aria-label="Kind"
        value={product ?? "any"}
        onChange={(value) =>
          show(value === "recruiting" || value === "retention" ? value : undefined)
        }
        data={[
          { value: "any", label: "All" },
          { value: "recruiting", label: "Leads" },
          { value: "retention", label: "Agents" },
        ]}
      />
      <TextInput
        size="xs"
        label="E-mail"
        placeholder="ada@example.com"
        value={words.email}
        onChange={(event) => type({ email: event.currentTarget.value })}
      />
      <TextInput
        size="xs"
        label="Status"
        value={words.status}
        onChange={(event) => type({ status: event.currentTarget.value })}
      />
      <TextInput
        size="xs"
        label="Tag"
        value={words.tag}
        onChange={(event) => type({ tag: event.currentTarget.value })}
      />
      <Button type="submit" size="xs" variant="default">
        Filter
      </Button>
      {Object.keys(filter).length > 0 && (
        <Button size="xs" variant="subtle" onClick={() => void navigate({ search: {} })}>
          Show all
        </Button>
      )}
    </form>
  );
}
