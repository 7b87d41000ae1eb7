import { client, take } from "./client";
import { throughputOf } from "./series";
import type { QueueRow, SeriesOut } from "./types";
import { isServing, serves, type Worker } from "./workers";

/** A queue as the pages show it. */
export interface Queue extends QueueRow {
  /** Jobs that a worker could claim now. */
  ready: number;
  /** Jobs that have not ended. */
  live: number;
  /** How many living workers serve it; null while workers are not known. */
  workers: number | null;
}

/**
 * Shape the answer for the pages.
 *
 * @param workers all workers, or undefined while they are not known
 * @param tenant whose queues these are
 */
export function shapeQueues(
  items: readonly QueueRow[],
  workers: readonly Worker[] | undefined,
  tenant: string,
): Queue[] {
  return items.map((item) => {
    const { pending, running, scheduled, retrying } = item.states;
    return {
      ...item,
      ready: pending,
      live: pending + running + scheduled + retrying,
      workers: workers ? workers.filter((one) => isServing(one) && serves(one, item.name, tenant)).length : null,
    };
  });
}

/** Jobs per second that were claimed from all queues in the last minutes; a queue without one says null. */
export function rateOut(items: readonly QueueRow[]): number {
  return items.reduce((sum, item) => sum + (item.rate_out ?? 0), 0);
}

/** The queue whose oldest ready job waits longest. */
export function oldestOf(items: readonly QueueRow[]): { name: string; age: number } | null {
  let oldest: { name: string; age: number } | null = null;
  for (const { name, oldest_ready_age: age } of items) {
    if (age !== null && (oldest === null || age > oldest.age)) oldest = { name, age };
  }
  return oldest;
}

/** How many attempts ended per step, by queue. */
export function sparksOf(series: SeriesOut | undefined): Map<string, readonly (number | null)[]> {
  return new Map(series?.series.map((one) => [one.name ?? "", throughputOf(one)]));
}

export const QUEUE_SORTS = ["name", "ready", "oldest", "in", "out", "busy", "eta"] as const;
export type QueueSort = (typeof QUEUE_SORTS)[number];

const VALUE: Record<QueueSort, (queue: Queue) => string | number | null> = {
  name: (queue) => queue.name,
  ready: (queue) => queue.ready,
  oldest: (queue) => queue.oldest_ready_age,
  in: (queue) => queue.rate_in,
  out: (queue) => queue.rate_out,
  busy: (queue) => (queue.slots ? queue.states.running / queue.slots : null),
  eta: (queue) => queue.eta,
};

/** Order queues; what is not known comes last, and equals stand by name. */
export function sortQueues(queues: readonly Queue[], by: QueueSort, descending: boolean): Queue[] {
  const value = VALUE[by];
  const sign = descending ? -1 : 1;
  return [...queues].sort((a, b) => {
    const [left, right] = [value(a), value(b)];
    if (left === right || (left === null && right === null)) return a.name < b.name ? -1 : 1;
    if (left === null) return 1;
    if (right === null) return -1;
    return left < right ? -sign : sign;
  });
}

/** Stop claims from a queue; running jobs continue. */
export function pauseQueue(name: string, reason: string | null): Promise<QueueRow> {
  return take(client.POST("/api/v1/queues/{name}/pause", { params: { path: { name } }, body: { reason } }));
}

export function resumeQueue(name: string, reason: string | null): Promise<QueueRow> {
  return take(client.POST("/api/v1/queues/{name}/resume", { params: { path: { name } }, body: { reason } }));
}
