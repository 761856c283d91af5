import { QueryClient } from "@tanstack/react-query";
import { type Access, accessQuery } from "../../lib/access";
import { deliveriesQuery } from "../../lib/hooks";
import {
  keys,
  meQuery,
  permissionsQuery,
  pipelineHealthQuery,
  pipelineQuery,
  runsQuery,
  servicesQuery,
  templatesQuery,
  usersQuery,
} from "../../lib/queries";
import { deliveries, document, health, refused } from "./things";

/** A cache that has what is put into it and asks no server. */
function newClient(): QueryClient {
  const client = new QueryClient();
  const usual = client.defaultQueryOptions.bind(client);
  const still = { enabled: false, staleTime: Number.POSITIVE_INFINITY, refetchInterval: false };
  client.defaultQueryOptions = ((options: never) =>
    Object.assign(usual(options), still)) as QueryClient["defaultQueryOptions"];
  return client;
}

/** Paths of lists in a state each. */
export const lists = { some: "/some", none: "/none", wrong: "/wrong", pending: "/pending" };

/** What the parts of the gallery that ask a server are told. */
export function newStill(): QueryClient {
  const client = newClient();
  const all = ["pipelines.create", "pipelines.edit", "pipelines.delete", "pipelines.run"];
  client.setQueryData(permissionsQuery.queryKey, [...all, "settings.manage_users"]);
  client.setQueryData(meQuery.queryKey, { username: "gallery", role: "admin" });
  client.setQueryData(pipelineQuery(document.id).queryKey, document);
  client.setQueryData(pipelineHealthQuery.queryKey, [health]);
  client.setQueryData(runsQuery({ limit: 10 }).queryKey, page([]));
  client.setQueryData(templatesQuery.queryKey, []);
  client.setQueryData(usersQuery.queryKey, []);
  client.setQueryData(servicesQuery.queryKey, []);
  const others = [
    { id: "a", name: "Arrivals" },
    { id: "b", name: "Report of the month" },
  ];
  client.setQueryData([...keys.pipeline(document.id), "dependents"], others.slice(0, 1));
  client.setQueryData([...keys.pipeline(document.id), "impact"], { downstream: others });
  client.setQueryData(accessQuery(lists.some).queryKey, access);
  client.setQueryData(deliveriesQuery(lists.some).queryKey, deliveries);
  client.setQueryData(deliveriesQuery(lists.none).queryKey, []);
  const { queryKey } = deliveriesQuery(lists.wrong);
  client.getQueryCache().build(client, { queryKey }).setState({ status: "error", error: refused });
  return client;
}

const all = { see: true, change: true, run: true, delete: true, lacks: [] };

/** Who may do what: somebody who lacks a permission, and roles with it and without. */
const access: Access = {
  you: { ...all, delete: false, lacks: ["pipelines.code"] },
  needs: [{ part: "node", type: "code", names: ["clean"], permissions: ["pipelines.code"] }],
  roles: [
    { ...all, role: "viewer", change: false, run: false, delete: false },
    { ...all, role: "admin" },
  ],
  members: [{ user_id: "u1", username: "ada", role: "admin" }],
  services: [],
};

/** A stretch of a list that has no next one. */
function page<T>(items: T[]) {
  return { items, has_next: false, cursor: "", limit: 10 };
}
