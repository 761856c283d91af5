import type { PermissionInfo, ServiceAccount } from "../../src/lib/accounts";
import { ago } from "./fixtures";

/** A service account. */
export function service(part: Partial<ServiceAccount>): ServiceAccount {
  return {
    id: "k1",
    service_name: "nightly-loader",
    permissions: ["pipelines.view", "pipelines.run", "runs.view"],
    prefix: "brk_7Qx2",
    last4: "9fKd",
    owner: "ada",
    created_at: ago(9_000),
    ...part,
  };
}

export const services: ServiceAccount[] = [
  service({ expires_at: ago(-60 * 24 * 71), last_used_at: ago(3) }),
  service({ id: "k2", service_name: "dashboards", permissions: ["runs.view"], owner: "" }),
  service({ id: "k3", service_name: "old-importer", expires_at: ago(60), last_used_at: ago(80) }),
  service({ id: "k4", service_name: "laptop", revoked_at: ago(500), last_used_at: ago(600) }),
];

export const grantable: PermissionInfo[] = [
  ["pipelines.view", "See pipelines and their versions"],
  ["pipelines.create", "Make, import and copy pipelines"],
  ["pipelines.edit", "Change pipelines and go back to versions"],
  ["pipelines.run", "Start runs"],
  ["runs.view", "See runs, their logs and first rows"],
  ["runs.cancel", "Cancel runs"],
  ["settings.manage_users", "Make, change, disable and delete accounts"],
  ["contacts.create", "Make contacts"],
].map(([name = "", summary = ""]) => ({ name, group: name.split(".")[0] ?? "", summary }));
