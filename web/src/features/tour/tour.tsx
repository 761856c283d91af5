import { Button, CloseButton } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useLocation, useNavigate } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { useCreateFromTemplate } from "../../lib/commands";
import { type FirstSteps, followed, setFirstSteps, type Tour } from "../../lib/first-steps";
import { pipelineHealthQuery, templatesQuery } from "../../lib/queries";
import { notifyFailed } from "../../ui/notify";
import { useRunLauncher } from "../../ui/run-launcher";
import classes from "./tour.module.css";

type Step = {
  title: string;
  words: string;
  /** What leads to the next step. */
  next: string;
  /** What the words speak of; it gets a mark. */
  shows?: string;
};

const steps: Record<Tour["step"], Step> = {
  1: {
    title: "Begin with an example",
    words:
      "Examples run as they are, on data that comes with the server. The first one becomes a pipeline of yours.",
    next: "Make the first one mine",
  },
  2: {
    title: "Read it from left to right",
    words:
      "Each box is a node: sources read, transforms change, sinks write. Rows go along the lines. Choose a node to see how it is set.",
    next: "Run it now",
    shows: ".react-flow",
  },
  3: {
    title: "Watch it run",
    words:
      "A node turns green when it is done, and each line says how many rows went over it. Choose a node to see its rows; what goes wrong is in the log, with the reason.",
    next: "Open the editor",
    shows: ".react-flow",
  },
  4: {
    title: "Make it yours",
    words:
      "Drag nodes onto the canvas, or press / to add one; draw a line from one to the next. Try shows rows without saving anything.",
    next: "Finish",
    shows: "[data-palette]",
  },
};

type Props = { user: string; first: FirstSteps; tour: Tour };

/** Four steps on the first example, above the pages that they speak of. */
export function TourBar({ user, first, tour }: Props) {
  const { pathname } = useLocation();
  const heading = useRef<HTMLHeadingElement>(null);
  const go = useRef(false);
  const set = (next: Tour | undefined) => {
    const { tour: _, ...others } = first;
    setFirstSteps(user, next ? { ...others, tour: next } : others);
  };
  const ways = useWays(tour, set);
  // Only a page that is opened leads on: who goes back is not sent forth again.
  const latest = useRef({ tour, set });
  latest.current = { tour, set };
  useEffect(() => {
    const { tour, set } = latest.current;
    const next = followed(tour, pathname);
    if (next !== tour) set(next);
  }, [pathname]);
  useEffect(() => {
    // Who went on by the tour's own button stays in it; who went on by the page stays there.
    if (go.current || tour.step === 1) heading.current?.focus({ preventScroll: true });
    go.current = false;
  }, [tour.step]);
  const step = steps[tour.step];
  useMark(step.shows, pathname);
  return (
    <section className={classes.tour} aria-label="Tour">
      <div className={classes.words} aria-live="polite">
        <h2 ref={heading} tabIndex={-1} className={classes.title}>
          <span className={classes.count}>Step {tour.step} of 4</span> {step.title}
        </h2>
        <p className={classes.text}>{step.words}</p>
      </div>
      <div className={classes.buttons}>
        {tour.step > 1 && (
          <Button
            size="compact-sm"
            variant="default"
            onClick={() => {
              go.current = true;
              ways.back();
            }}
          >
            Back
          </Button>
        )}
        <Button
          size="compact-sm"
          loading={ways.busy}
          onClick={() => {
            go.current = true;
            ways.on();
          }}
        >
          {step.next}
        </Button>
        <CloseButton size="sm" aria-label="End the tour" onClick={() => set(undefined)} />
      </div>
      {ways.dialog}
    </section>
  );
}

/** What leads from step to step. */
function useWays(tour: Tour, set: (next: Tour | undefined) => void) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const create = useCreateFromTemplate();
  const { launch, dialog, starting } = useRunLauncher();
  const [looking, setLooking] = useState(false);
  const toPipeline = (id: string) =>
    void navigate({ to: "/pipelines/$pipelineId", params: { pipelineId: id } });
  const begin = async () => {
    setLooking(true);
    try {
      const [templates, pipelines] = await Promise.all([
        client.fetchQuery(templatesQuery),
        client.fetchQuery(pipelineHealthQuery),
      ]);
      const [example] = templates;
      if (!example) throw new Error("This server has no examples.");
      const there = pipelines.find(({ name }) => name === example.name);
      toPipeline(there?.id ?? (await create.mutateAsync(example)).id);
    } catch (error) {
      if (error instanceof Error) notifyFailed("The example could not be opened", error);
    }
    setLooking(false);
  };
  const on = () => {
    const { step, pipeline } = tour;
    if (step === 1) void begin();
    else if (step === 4) set(undefined);
    else if (!pipeline) set({ step: 1 });
    else if (step === 2) void launch(pipeline);
    else void navigate({ to: "/pipelines/$pipelineId/edit", params: { pipelineId: pipeline } });
  };
  const back = () => {
    const { step, pipeline, run } = tour;
    if (step === 4 && run) {
      set({ ...tour, step: 3 });
      void navigate({ to: "/runs/$runId", params: { runId: run } });
    } else if (step === 3 && pipeline) {
      set({ step: 2, pipeline });
      toPipeline(pipeline);
    } else {
      set({ step: 1 });
      void navigate({ to: "/" });
    }
  };
  return { on, back, dialog, busy: looking || starting };
}

/** Marks what a step speaks of, as soon as it is on the page. */
function useMark(selector: string | undefined, pathname: string): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: another page has another canvas
  useEffect(() => {
    if (!selector) return undefined;
    let marked: Element | undefined;
    const look = () => {
      const found = document.querySelector(selector) ?? undefined;
      if (found === marked) return;
      marked?.removeAttribute("data-toured");
      found?.setAttribute("data-toured", "");
      marked = found;
    };
    look();
    const watch = new MutationObserver(look);
    watch.observe(document.getElementById("content") ?? document.body, {
      childList: true,
      subtree: true,
    });
    return () => {
      watch.disconnect();
      marked?.removeAttribute("data-toured");
    };
  }, [selector, pathname]);
}
