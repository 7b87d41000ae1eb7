import type { Queue } from "./queues";
import type { Worker } from "./workers";

/** Something that an operator has to look at, and where. */
export type Attention =
  | { kind: "unserved"; queue: string; ready: number; oldest: number | null }
  | { kind: "paused"; queue: string; ready: number; by: string | null; reason: string | null; since: string | null }
  /** Queues that are not named: more of them than one reads. */
  | { kind: "more unserved" | "more paused"; queues: number; ready: number }
  | { kind: "dead"; count: number }
  /** Kinds of failures that were never seen before today. */
  | { kind: "errors"; count: number }
  | { kind: "lost"; workers: Worker[] };

/** Queues of one kind that are named; the others are counted, if there are several. */
const NAMED = 4;

/** Say what needs attention, worst first: jobs that nobody will run, workers that are gone, what fails, jobs that died. */
export function attentionOf(
  queues: readonly Queue[],
  workers: readonly Worker[],
  dead: number,
  newErrors = 0,
): Attention[] {
  const waiting = [...queues].filter((queue) => queue.ready > 0).sort((a, b) => b.ready - a.ready);
  const items: Attention[] = [];
  const unserved = waiting.filter((queue) => !queue.paused && queue.workers === 0);
  for (const { name, ready, oldest_ready_age: oldest } of named(unserved)) {
    items.push({ kind: "unserved", queue: name, ready, oldest });
  }
  items.push(...others("more unserved", unserved));
  const lost = workers.filter((worker) => worker.state === "lost");
  if (lost.length > 0) items.push({ kind: "lost", workers: lost });
  if (newErrors > 0) items.push({ kind: "errors", count: newErrors });
  if (dead > 0) items.push({ kind: "dead", count: dead });
  const paused = waiting.filter((queue) => queue.paused);
  for (const { name, ready, paused_by, reason, paused_at: since } of named(paused)) {
    items.push({ kind: "paused", queue: name, ready, by: paused_by ?? null, reason: reason ?? null, since });
  }
  items.push(...others("more paused", paused));
  return items;
}

function named(queues: readonly Queue[]): readonly Queue[] {
  return queues.length === NAMED + 1 ? queues : queues.slice(0, NAMED);
}

function others(kind: "more unserved" | "more paused", queues: readonly Queue[]): Attention[] {
  const rest = queues.slice(named(queues).length);
  if (rest.length === 0) return [];
  return [{ kind, queues: rest.length, ready: rest.reduce((sum, queue) => sum + queue.ready, 0) }];
}
