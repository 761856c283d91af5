import type { ReactNode } from "react";

/** One line of a list of facts: what it is about, and what is so. */
export function Fact({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div>
      <dt>{title}</dt>
      <dd>{children}</dd>
    </div>
  );
}
