import { Radio, Stack } from "@mantine/core";
import "@mantine/core/styles/Radio.css";
import { useQuery } from "@tanstack/react-query";
import type { Role } from "../../lib/accounts";
import { meQuery } from "../../lib/queries";
import { roleInWords, rolesUpTo } from "../../lib/roles";

type Props = { value: Role; onChange: (role: Role) => void; error?: string | undefined };

/** The roles that the caller may give, each with what it is for. */
export function RoleChoice({ value, onChange, error }: Props) {
  const { data: me } = useQuery(meQuery);
  const offered = rolesUpTo(me?.role ?? "viewer");
  const choose = (chosen: string) => {
    const role = offered.find((one) => one === chosen);
    if (role) onChange(role);
  };
  return (
    <Radio.Group label="Role" value={value} onChange={choose} error={error}>
      <Stack gap="xs" mt={6}>
        {offered.map((role) => (
          <Radio key={role} value={role} label={role} description={roleInWords(role)} />
        ))}
      </Stack>
    </Radio.Group>
  );
}
