import { Table } from "@mantine/core";
import { IconCheck, IconMinus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { type Access, accessQuery, type Rights } from "../../lib/access";
import { ErrorState, LoadingRows } from "../states";
import tables from "../tables.module.css";
import classes from "./pipeline-settings.module.css";
import { SettingsPanel } from "./settings-panel";

type Props = { pipelineId: string };

const deeds = ["see", "change", "run", "delete"] as const;

/** Names that are shown of one role; the others are counted. */
const mostNames = 20;

/** Who may see, change, run and delete a pipeline that is saved. */
export function AccessPanel({ pipelineId }: Props) {
  const access = useQuery(accessQuery(pipelineId));
  return (
    <SettingsPanel
      title="Permissions"
      lead="Who may do what with this pipeline. Roles and API tokens are given by administrators."
    >
      {access.isPending && <LoadingRows rows={4} />}
      {access.isError && <ErrorState error={access.error} onRetry={() => void access.refetch()} />}
      {access.data && <Grants access={access.data} />}
    </SettingsPanel>
  );
}

function Grants({ access }: { access: Access }) {
  const { you, needs, roles, members, services } = access;
  return (
    <>
      <Table.ScrollContainer minWidth={460} type="native">
        <Table className={tables.table ?? ""} aria-label="Who may do what">
          <Table.Thead>
            <Table.Tr>
              <Table.Th w="36%">Who</Table.Th>
              <Table.Th>See</Table.Th>
              <Table.Th w="28%">Change</Table.Th>
              <Table.Th>Run</Table.Th>
              <Table.Th>Delete</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            <Line name="You" rights={you} />
            {(roles ?? []).map((one) => (
              <Line
                key={one.role}
                name={`Role ${one.role}`}
                under={members ? namesOf(members, one.role) : undefined}
                rights={one}
              />
            ))}
            {services?.map((one) => (
              <Line key={one.id} name={one.service_name} under="API token" rights={one} />
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {(needs ?? []).map(({ part, type, names, permissions }) => (
        <p key={`${part} ${type}`} className={classes.need}>
          To add or change {part === "node" ? "a node of type" : "a trigger of type"}{" "}
          <code>{type}</code> ({(names ?? []).join(", ")}) takes{" "}
          <code>{(permissions ?? []).join(", ")}</code> besides.
        </p>
      ))}
    </>
  );
}

type LineProps = { name: string; under?: string | undefined; rights: Rights };

function Line({ name, under, rights }: LineProps) {
  const lacks = rights.lacks ?? [];
  return (
    <Table.Tr>
      <Table.Td>
        <span className={tables.name}>{name}</span>
        {under && <span className={classes.names}>{under}</span>}
      </Table.Td>
      {deeds.map((deed) => (
        <Table.Td key={deed}>
          <Mark may={rights[deed]} />
          {deed === "change" && rights.change && lacks.length > 0 && (
            <span className={classes.names}>without {lacks.join(", ")}</span>
          )}
        </Table.Td>
      ))}
    </Table.Tr>
  );
}

function Mark({ may }: { may: boolean }) {
  const Icon = may ? IconCheck : IconMinus;
  return (
    <span className={classes.mark} data-may={may} role="img" aria-label={may ? "yes" : "no"}>
      <Icon size={16} stroke={2} aria-hidden="true" />
    </span>
  );
}

/** The members that have a role, in a sentence's part. */
function namesOf(members: NonNullable<Access["members"]>, role: string): string {
  const names = members.filter((one) => one.role === role).map(({ username }) => username);
  const more = names.length - mostNames;
  if (names.length === 0) return "nobody";
  return names.slice(0, mostNames).join(", ") + (more > 0 ? ` and ${more} more` : "");
}
