import { beforeAlias, firstRowsOf, type RunTable, sqlName } from "../../lib/console";

export type Suggested = { words: string; sql: string };

const isText = (type: string) => /^(VARCHAR|TEXT|ENUM)/i.test(type);

const isNumber = (type: string) => /INT|DECIMAL|DOUBLE|FLOAT|REAL|NUMERIC/i.test(type);

/** Questions that its columns suggest; with a run to compare with, what has changed since. */
export function questionsOf({ table, columns }: RunTable, compared: boolean): Suggested[] {
  const name = sqlName(table);
  const text = columns.find(({ type }) => isText(type))?.name;
  const number = columns.find(({ type }) => isNumber(type))?.name;
  const all: (Suggested | undefined)[] = [
    { words: "Which are its first rows?", sql: firstRowsOf(table) },
    { words: "How many rows are there?", sql: `SELECT count(*) AS rows\nFROM ${name}` },
    text === undefined
      ? undefined
      : {
          words: `How often is each ${text} there?`,
          sql: `SELECT ${sqlName(text)}, count(*) AS rows\nFROM ${name}\nGROUP BY ALL\nORDER BY rows DESC\nLIMIT 100`,
        },
    number === undefined
      ? undefined
      : {
          words: `What are the least, mean and greatest ${number}?`,
          sql: `SELECT min(${sqlName(number)}) AS least, avg(${sqlName(number)}) AS mean, max(${sqlName(number)}) AS greatest\nFROM ${name}`,
        },
    compared
      ? {
          words: "Which rows were not there before?",
          sql: `FROM ${name}\nEXCEPT ALL\nFROM ${beforeAlias}.${name}\nLIMIT 1000`,
        }
      : undefined,
  ];
  return all.filter((one) => one !== undefined);
}
