/** A moment as a field for date and time takes it, in the viewer's zone; "" without one. */
export function toLocal(iso: string | undefined): string {
  if (!iso) return "";
  const at = new Date(iso);
  const shifted = new Date(at.getTime() - at.getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, 16);
}

/** The moment that a field for date and time holds; undefined when it is empty. */
export function fromLocal(field: string): string | undefined {
  const at = new Date(field);
  return Number.isNaN(at.getTime()) ? undefined : at.toISOString();
}
