import { Button } from "@mantine/core";
import { IconAddressBook, IconDownload } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { contactSearch, contactsQuery } from "../../lib/contacts";
import { KeysetPager } from "../../ui/keyset-pager";
import { Page, PageHeader, Panel } from "../../ui/page";
import { EmptyState, ErrorState, LoadingRows } from "../../ui/states";
import { ContactTable } from "./contact-table";
import { FilterForm } from "./filter-form";

const route = getRouteApi("/shell/contacts");

/** The people that other systems told the server about. */
export function ContactsPage() {
  const search = route.useSearch();
  const { after, ...filter } = search;
  const navigate = route.useNavigate();
  const list = useQuery({ ...contactsQuery(search), placeholderData: keepPreviousData });
  const contacts = list.data?.items ?? [];
  const filtered = Object.keys(filter).length > 0;
  return (
    <Page title="Contacts">
      <PageHeader
        title="Contacts"
        actions={
          contacts.length > 0 && (
            <Button
              component="a"
              href={`/v2/contacts/export?spreadsheet=true&${contactSearch(filter)}`}
              variant="default"
              leftSection={<IconDownload size={16} />}
            >
              Export as CSV
            </Button>
          )
        }
      />
      <Panel>
        <FilterForm key={JSON.stringify(filter)} filter={filter} />
        {list.isPending && <LoadingRows rows={10} height={28} />}
        {list.isError && <ErrorState error={list.error} onRetry={() => void list.refetch()} />}
        {list.isSuccess && contacts.length === 0 && <NothingFound filtered={filtered} />}
        {list.isSuccess && contacts.length > 0 && <ContactTable contacts={contacts} />}
        <KeysetPager
          page={list.data}
          first={after === undefined}
          onFirst={() => void navigate({ search: filter })}
          onNext={(cursor) => void navigate({ search: { ...filter, after: cursor } })}
        />
      </Panel>
    </Page>
  );
}

function NothingFound({ filtered }: { filtered: boolean }) {
  const navigate = route.useNavigate();
  return filtered ? (
    <EmptyState
      icon={IconAddressBook}
      title="No contact fits"
      action={
        <Button variant="default" onClick={() => void navigate({ search: {} })}>
          Show all
        </Button>
      }
    >
      E-mail, status and tag are compared as a whole.
    </EmptyState>
  ) : (
    <EmptyState icon={IconAddressBook} title="No contacts yet">
      Other systems push leads and agents by POST /v2/leads, with an API token that may do so.
    </EmptyState>
  );
}
