import { queryOptions } from "@tanstack/react-query";
import { get } from "./api";
import type { Json, Page } from "./model";

/** A record of a person: a lead (recruiting) or an agent (retention). */
export type Contact = {
  id: string;
  product: "recruiting" | "retention";
  first_name: string;
  last_name: string;
  email: string | null;
  phone: string;
  birthday: string;
  agent_id: string | null;
  license_number: string;
  address: string;
  address2: string;
  city: string;
  state: string;
  zip: string;
  country: string;
  source: string;
  stage: string;
  status: string;
  tags: string[];
  notes: string;
  custom: Record<string, Json>;
  resume_url: string;
  document_urls: string[];
  created_at: string;
  updated_at: string;
};

/** A line of a contact's history. */
export type ContactRevision = {
  at: string;
  action: "created" | "updated";
  source: string;
  actor: string;
  fields: string[];
  before: Record<string, Json>;
};

/** A file of a contact, which the server fetches. */
export type ContactFile = {
  id: string;
  role: "resume" | "document";
  url: string;
  state: "pending" | "stored" | "failed";
  attempts: number;
  next_try: string | null;
  error: string;
  name: string;
  size: number;
  created_at: string;
  stored_at: string | null;
};

/** What narrows a list of contacts; each is compared as a whole. */
export type ContactFilter = {
  product?: Contact["product"];
  email?: string;
  status?: string;
  tag?: string;
};

export const contactKeys = ["contacts"] as const;

/** The filter as the API takes it; both products unless one is chosen. */
export function contactSearch(filter: ContactFilter & { after?: string }): URLSearchParams {
  return new URLSearchParams({ product: "any", ...filter });
}

/** A stretch of the contacts that fit a filter, the newest change first. */
export const contactsQuery = (filter: ContactFilter & { after?: string }) =>
  queryOptions({
    queryKey: [...contactKeys, "list", filter],
    queryFn: ({ signal }) =>
      get<Page<Contact>>(`/v2/leads?limit=50&${contactSearch(filter)}`, { signal }),
  });

/** The path of one contact in the API. */
export function contactPath(id: string): string {
  return `/v2/leads/${encodeURIComponent(id)}`;
}

/** One contact. */
export const contactQuery = (id: string) =>
  queryOptions({
    queryKey: [...contactKeys, id],
    queryFn: ({ signal }) => get<Contact>(contactPath(id), { signal }),
  });

/** What was changed in a contact, newest first. */
export const contactHistoryQuery = (id: string) =>
  queryOptions({
    queryKey: [...contactKeys, id, "history"],
    queryFn: ({ signal }) => get<ContactRevision[]>(`${contactPath(id)}/history`, { signal }),
  });

/** The files of a contact; asked for again while one is on its way. */
export const contactFilesQuery = (id: string) =>
  queryOptions({
    queryKey: [...contactKeys, id, "files"],
    queryFn: ({ signal }) => get<ContactFile[]>(`${contactPath(id)}/attachments`, { signal }),
    refetchInterval: ({ state }) =>
      state.data?.some((file) => file.state === "pending") ? 5_000 : false,
  });

/** What a contact is called. */
export function contactName({ first_name, last_name, email, agent_id }: Contact): string {
  return `${first_name} ${last_name}`.trim() || email || agent_id || "Without a name";
}
