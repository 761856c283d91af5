import { ActionIcon, Menu } from "@mantine/core";
import { IconDots, IconKey, IconPencil, IconSitemap, IconTrash } from "@tabler/icons-react";
import { useMay } from "../../lib/session";

/** What is done with a connection in a dialog. */
export type ConnectionAct = "edit" | "rotate" | "uses" | "delete";

type Props = {
  name: string;
  /** Whether it has a secret that can be replaced. */
  rotates: boolean | undefined;
  onChoose: (act: ConnectionAct) => void;
};

/** What can be done with one connection besides trying it. */
export function ConnectionMenu({ name, rotates, onChoose }: Props) {
  const may = useMay();
  return (
    <Menu position="bottom-end" width={170}>
      <Menu.Target>
        <ActionIcon aria-label={`More for ${name}`} size="input-xs">
          <IconDots size={17} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<IconSitemap size={16} />} onClick={() => onChoose("uses")}>
          Used by…
        </Menu.Item>
        {may("connections.edit") && (
          <Menu.Item leftSection={<IconPencil size={16} />} onClick={() => onChoose("edit")}>
            Edit…
          </Menu.Item>
        )}
        {rotates && may("connections.edit") && may("connections.test") && (
          <Menu.Item leftSection={<IconKey size={16} />} onClick={() => onChoose("rotate")}>
            New secret…
          </Menu.Item>
        )}
        {may("connections.delete") && (
          <Menu.Item
            color="var(--bad-text)"
            leftSection={<IconTrash size={16} />}
            onClick={() => onChoose("delete")}
          >
            Delete…
          </Menu.Item>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
