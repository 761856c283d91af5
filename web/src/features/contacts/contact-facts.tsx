import type { Contact } from "../../lib/contacts";
import classes from "./contacts.module.css";

/** Every field that holds something, and the fields of one's own. */
export function ContactFacts({ contact }: { contact: Contact }) {
  const { address, address2, zip, city, state, country } = contact;
  const place = [zip, city, state, country].filter(Boolean).join(" ");
  const facts: [string, string | null][] = [
    ["E-mail", contact.email],
    ["Phone", contact.phone],
    ["Birthday", contact.birthday],
    ["Agent ID", contact.agent_id],
    ["License number", contact.license_number],
    ["Address", [address, address2, place].filter(Boolean).join("\n")],
    ["Source", contact.source],
    ["Stage", contact.stage],
    ["Status", contact.status],
    ["Tags", contact.tags.join(", ")],
    ["Notes", contact.notes],
  ];
  const own = Object.entries(contact.custom).map(([name, value]): [string, string] => [
    name,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  return (
    <dl className={classes.facts}>
      {[...facts.filter(([, value]) => value), ...own].map(([name, value]) => (
        <div key={name} className={classes.fact}>
          <dt>{name}</dt>
          <dd>
            <bdi>{value}</bdi>
          </dd>
        </div>
      ))}
    </dl>
  );
}
