import { Checkbox } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { PermissionInfo } from "../../lib/accounts";
import { grantableQuery, permissionsQuery } from "../../lib/queries";
import { ErrorState, LoadingRows } from "../../ui/states";
import classes from "./keys.module.css";
import { groupPermissions, toggleAll } from "./permissions";

type Props = { chosen: string[]; onChange: (chosen: string[]) => void };

/** Every permission as a check box, by group. Nobody can grant what they do not have. */
export function PermissionChoice({ chosen, onChange }: Props) {
  const grantable = useQuery(grantableQuery);
  const { data: own = [] } = useQuery(permissionsQuery);
  if (grantable.isPending) return <LoadingRows rows={4} />;
  if (grantable.isError) {
    return <ErrorState error={grantable.error} onRetry={() => void grantable.refetch()} />;
  }
  return (
    <section className={classes.groups} aria-label="Permissions">
      {groupPermissions(grantable.data).map(({ group, permissions }) => (
        <PermissionGroup
          key={group}
          group={group}
          permissions={permissions}
          own={own}
          chosen={chosen}
          onChange={onChange}
        />
      ))}
    </section>
  );
}

type GroupProps = Props & { group: string; permissions: PermissionInfo[]; own: string[] };

function PermissionGroup({ group, permissions, own, chosen, onChange }: GroupProps) {
  const names = permissions.map(({ name }) => name).filter((name) => own.includes(name));
  const count = names.filter((name) => chosen.includes(name)).length;
  const all = count > 0 && count === names.length;
  const toggle = (name: string, on: boolean) => onChange(toggleAll(chosen, [name], on));
  return (
    <fieldset className={classes.group}>
      <legend className={classes.legend}>
        <Checkbox
          size="xs"
          label={group}
          aria-label={`All of ${group}`}
          checked={all}
          indeterminate={count > 0 && !all}
          disabled={names.length === 0}
          onChange={(event) => onChange(toggleAll(chosen, names, event.currentTarget.checked))}
        />
      </legend>
      {permissions.map(({ name, summary }) => (
        <Checkbox
          key={name}
          size="xs"
          label={summary}
          description={own.includes(name) ? name : `${name}, which you do not have yourself`}
          checked={chosen.includes(name)}
          disabled={!own.includes(name)}
          onChange={(event) => toggle(name, event.currentTarget.checked)}
        />
      ))}
    </fieldset>
  );
}
