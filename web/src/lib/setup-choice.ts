const key = "broked.setup-skipped";

/** Whether someone chose in this browser to go on without an account. */
export function wasSetupSkipped(): boolean {
  return localStorage.getItem(key) === "yes";
}

/** Remembers that the wizard need not open by itself again. */
export function skipSetup(): void {
  localStorage.setItem(key, "yes");
}
