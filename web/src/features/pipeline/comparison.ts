import type { PipelineVersion } from "../../lib/model";

export type Comparison = { from: number | undefined; to: number };

/**
 * The two versions to compare: those asked for where they exist, else the newest
 * with the one before it. versions has at least one and is newest first.
 */
export function pickComparison(
  versions: PipelineVersion[],
  from: number | undefined,
  to: number | undefined,
): Comparison {
  const numbers = versions.map((version) => version.version);
  const newest = numbers[0] ?? 0;
  const later = to !== undefined && numbers.includes(to) ? to : newest;
  const before = numbers[numbers.indexOf(later) + 1];
  const asked = from !== undefined && from !== later && numbers.includes(from);
  return { from: asked ? from : before, to: later };
}
