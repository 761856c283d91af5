import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { type Contact, contactName, contactQuery } from "../../lib/contacts";
import { useMay } from "../../lib/session";
import { TextLink } from "../../ui/links";
import { Page, PageHeader, Panel } from "../../ui/page";
import { RelativeTime } from "../../ui/relative-time";
import { ErrorState, LoadingRows } from "../../ui/states";
import { ToneBadge } from "../../ui/tone-badge";
import { ContactFacts } from "./contact-facts";
import { ContactFiles } from "./contact-files";
import { ContactHistory } from "./contact-history";
import { EraseButton } from "./erase-button";

const route = getRouteApi("/shell/contacts/$contactId");

/** One contact: what is known, its files, and what was changed by whom. */
export function ContactPage() {
  const { contactId } = route.useParams();
  const contact = useQuery(contactQuery(contactId));
  if (contact.isSuccess) return <Found key={contactId} contact={contact.data} />;
  return (
    <Page title="Contact">
      <PageHeader title="Contact" lead={<Back />} />
      <Panel>
        {contact.isPending ? (
          <LoadingRows rows={5} />
        ) : (
          <ErrorState error={contact.error} onRetry={() => void contact.refetch()} />
        )}
      </Panel>
    </Page>
  );
}

function Back() {
  return (
    <TextLink to="/contacts" inherit>
      Contacts
    </TextLink>
  );
}

function Found({ contact }: { contact: Contact }) {
  const may = useMay();
  const name = contactName(contact);
  return (
    <Page title={name}>
      <PageHeader
        lead={<Back />}
        title={name}
        facts={
          <>
            <ToneBadge tone="idle">{contact.product === "retention" ? "Agent" : "Lead"}</ToneBadge>
            <span>
              changed <RelativeTime at={contact.updated_at} />
            </span>
            <span>
              here since <RelativeTime at={contact.created_at} />
            </span>
          </>
        }
        actions={may("contacts.delete") && <EraseButton contact={contact} />}
      />
      <Panel title="What is known">
        <ContactFacts contact={contact} />
      </Panel>
      <Panel title="Files">
        <ContactFiles id={contact.id} />
      </Panel>
      <Panel title="History">
        <ContactHistory id={contact.id} />
      </Panel>
    </Page>
  );
}
