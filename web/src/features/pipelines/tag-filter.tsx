import { Chip, Group } from "@mantine/core";

type Props = {
  tags: string[];
  chosen: string | undefined;
  onChoose: (tag: string | undefined) => void;
};

/** Narrows the list to one tag; choosing it again widens the list. */
export function TagFilter({ tags, chosen, onChoose }: Props) {
  if (tags.length === 0) return null;
  return (
    <Group gap={4}>
      {tags.map((tag) => (
        <Chip
          key={tag}
          size="xs"
          variant="outline"
          checked={tag === chosen}
          onChange={(checked) => onChoose(checked ? tag : undefined)}
        >
          {tag}
        </Chip>
      ))}
    </Group>
  );
}
