import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import { stepsOf, useFirstSteps } from "../../lib/first-steps";
import { meQuery } from "../../lib/queries";
import { useMay } from "../../lib/session";

const Checklist = lazy(() =>
  import("./checklist").then(({ Checklist }) => ({ default: Checklist })),
);

/** What someone who is new here does first; nothing once it is done, or was sent away. */
export function FirstSteps() {
  const { data: me } = useQuery(meQuery);
  const user = stepsOf(me);
  const first = useFirstSteps(user);
  const may = useMay();
  if (!user || first.done || !may("pipelines.create")) return null;
  return (
    <Suspense fallback={null}>
      <Checklist user={user} first={first} />
    </Suspense>
  );
}
