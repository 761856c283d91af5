export type Expiry = { choice: string; day: string };

const days: Record<string, number> = { "30 days": 30, "90 days": 90, "1 year": 365 };

/** The ways to say when a token ends. */
export const expiryChoices = [...Object.keys(days), "On a day", "Never"] as const;

/** When a token ends by the choice; undefined is never, and a chosen day counts to its end here. */
export function expiresAt({ choice, day }: Expiry, now: number): string | undefined {
  if (choice === "Never") return undefined;
  const span = days[choice];
  if (span !== undefined) return new Date(now + span * 86_400_000).toISOString();
  const end = new Date(`${day}T23:59:59`);
  return Number.isNaN(end.getTime()) ? undefined : end.toISOString();
}
