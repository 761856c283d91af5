import { Chip, Group } from "@mantine/core";
import "@mantine/core/styles/Chip.css";
import classes from "./pipelines.module.css";

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
          classNames={{ label: classes.chip ?? "" }}
          variant="outline"
          checked={tag === chosen}
          onChange={(checked) => onChoose(checked ? tag : undefined)}
        >
          <span className={classes.chipWords} title={tag}>
            {tag}
          </span>
        </Chip>
      ))}
    </Group>
  );
}
