import {
  IconApi,
  IconBrandAws,
  IconBrandAzure,
  IconBrandGoogle,
  IconBrandMysql,
  IconBrandSlack,
  IconBrandWindows,
  IconBucket,
  IconBuildingWarehouse,
  IconChartBar,
  IconCylinder,
  IconDatabase,
  IconFileDatabase,
  IconFolderUp,
  IconMail,
  IconPlug,
  type IconProps,
  IconSnowflake,
} from "@tabler/icons-react";
import type { ComponentType } from "react";
import type { ConnectionType } from "../../lib/connections";

/** Icons of types that have one of their own. */
const icons: Record<string, ComponentType<IconProps>> = {
  azure_blob: IconBrandAzure,
  bigquery: IconBrandGoogle,
  gcs: IconBrandGoogle,
  clickhouse: IconChartBar,
  mssql: IconBrandWindows,
  mysql: IconBrandMysql,
  oracle: IconCylinder,
  redshift: IconBuildingWarehouse,
  s3: IconBrandAws,
  sftp: IconFolderUp,
  slack: IconBrandSlack,
  smtp: IconMail,
  snowflake: IconSnowflake,
  sqlite: IconFileDatabase,
};

const categories = {
  api: IconApi,
  database: IconDatabase,
  storage: IconBucket,
  other: IconPlug,
} satisfies Record<ConnectionType["category"], ComponentType<IconProps>>;

/** The icon of a type of connections; one that has none of its own gets that of its category. */
export function TypeIcon({ type, size }: { type: ConnectionType; size: number }) {
  const Icon = icons[type.type] ?? categories[type.category];
  return <Icon size={size} aria-hidden />;
}
