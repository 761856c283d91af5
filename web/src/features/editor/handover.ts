import type { Pipeline } from "../../lib/model";
import type { Base } from "./kept";
import type { EditorStore } from "./store";

type Handed = { store: EditorStore; base: Base; pipeline: Pipeline };

let handed: Handed | undefined;

/**
 * A new pipeline gets another address when it is first saved, and with it another page. This
 * hands over what that page goes on with, so that undo and what was tried go on as well.
 */
export function handOver(next: Handed): void {
  handed = next;
}

/** What was handed over for a pipeline. */
export function handedOver(pipelineId: string): Handed | undefined {
  return handed?.pipeline.id === pipelineId ? handed : undefined;
}

/** Once it is taken, the next time the pipeline is opened it is read from the server. */
export function taken(): void {
  handed = undefined;
}
