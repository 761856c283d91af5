import { Button, Group } from "@mantine/core";
import { IconArrowBarToLeft, IconArrowRight } from "@tabler/icons-react";
import type { Page } from "../lib/model";

type Props = {
  page: Page<unknown> | undefined;
  /** Whether this is the newest stretch. */
  first: boolean;
  onFirst: () => void;
  onNext: (cursor: string) => void;
};

/** Steps through a long list; the browser's Back goes one stretch back. */
export function KeysetPager({ page, first, onFirst, onNext }: Props) {
  const more = page?.has_next ?? false;
  if (first && !more) return null;
  return (
    <Group justify="flex-end" gap="xs" p="sm">
      {!first && (
        <Button
          size="xs"
          variant="default"
          leftSection={<IconArrowBarToLeft size={15} />}
          onClick={onFirst}
        >
          Newest
        </Button>
      )}
      <Button
        size="xs"
        variant="default"
        disabled={!more}
        rightSection={<IconArrowRight size={15} />}
        onClick={() => page && onNext(page.cursor)}
      >
        Older
      </Button>
    </Group>
  );
}
