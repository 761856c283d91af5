/** The bars of a small histogram in percent of the tallest; what is there at all is seen. */
export function barHeights(counts: number[]): number[] {
  const most = Math.max(0, ...counts);
  if (most === 0) return counts.map(() => 0);
  return counts.map((count) => (count === 0 ? 0 : Math.max(6, Math.round((100 * count) / most))));
}

/** How many of the values are missing: "none", "12 %", "<0.1 %", "all". */
export function missingWords(nulls: number, rows: number): string {
  if (nulls === 0) return "none";
  if (nulls >= rows) return "all";
  const percent = (100 * nulls) / rows;
  if (percent < 0.1) return "<0.1 %";
  return `${percent < 10 ? percent.toFixed(1) : Math.floor(percent)} %`;
}

/** What a histogram shows, for those who do not see it. */
export function spreadWords(counts: number[], min = "", max = ""): string {
  const most = Math.max(0, ...counts);
  const place = counts.indexOf(most);
  const third = ["lower", "middle", "upper"][Math.floor((3 * place) / Math.max(1, counts.length))];
  return `From ${min} to ${max}, most of them in the ${third ?? "upper"} third`;
}

/** A number that is short enough for a narrow column. */
export function shortNumber(value: number): string {
  if (value !== 0 && (Math.abs(value) >= 1e9 || Math.abs(value) < 1e-3)) {
    return value.toExponential(2);
  }
  return value.toLocaleString("en", { maximumSignificantDigits: 5 });
}
