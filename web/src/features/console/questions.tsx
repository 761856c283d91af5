import { UnstyledButton } from "@mantine/core";
import type { RunTable } from "../../lib/console";
import classes from "./console.module.css";
import { questionsOf } from "./suggested";

type Props = {
  table: RunTable;
  before: string | undefined;
  onPick: (sql: string) => void;
};

/** What may be asked of a table, for where there is no answer yet. */
export function Questions({ table, before, onPick }: Props) {
  return (
    <section className={classes.questions} aria-labelledby="questions">
      <h2 id="questions">
        The answer shows up here. Ask <bdi>{table.table}</bdi>:
      </h2>
      <ul>
        {questionsOf(table, before !== undefined).map(({ words, sql }) => (
          <li key={words}>
            <UnstyledButton onClick={() => onPick(sql)} title={sql} dir="auto">
              {words}
            </UnstyledButton>
          </li>
        ))}
      </ul>
    </section>
  );
}
