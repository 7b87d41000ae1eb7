import { queryOptions } from "@tanstack/react-query";
import type { NewPlace } from "@/lib/place";
import { words } from "@/lib/text/reason";
import { client, take } from "./client";
import type { BulkAct } from "./job-actions";
import { keys } from "./queries";
import type { components } from "./schema";

type Schemas = components["schemas"];

/** An operation on many jobs. */
export type Bulk = Schemas["BulkOperation"];
export type BulkList = Schemas["BulkList"];
export type BulkResult = Schemas["BulkResultOut"];
export type DryRun = Schemas["DryRunOut"];
export type Counted = Schemas["CountOut"];

/** States that a purge removes: what waits, and what has ended. */
export const WAITING_STATES = ["pending", "scheduled", "retrying"] as const;
export const ENDED_STATES = ["completed", "cancelled", "dead"] as const;
export type PurgedState = (typeof WAITING_STATES)[number] | (typeof ENDED_STATES)[number];

/** What is done to which jobs. */
export interface BulkOrder {
  action: BulkAct;
  /** A filter; empty for all jobs. */
  q: string;
  /** These jobs instead. */
  ids?: readonly string[] | undefined;
}

/** What an operation needs beside its jobs: of a reschedule the time, of a move the place. */
export type BulkParams = { run_at: string } | NewPlace;

const whichOf = ({ q, ids }: BulkOrder) => (ids ? { ids: [...ids] } : { q });

/** The newest operations: those that the live feed follows. */
export function bulksQuery() {
  return queryOptions({
    queryKey: keys.bulks(),
    queryFn: ({ signal }) => take(client.GET("/api/v1/bulk", { signal })),
  });
}

/** Older operations, behind an id. */
export async function bulksBefore(before: string): Promise<BulkList> {
  return await take(client.GET("/api/v1/bulk", { params: { query: { before } } }));
}

export function bulkQuery(id: string) {
  return queryOptions({
    queryKey: keys.bulk(id),
    queryFn: ({ signal }) => take(client.GET("/api/v1/bulk/{bulk_id}", { params: { path: { bulk_id: id } }, signal })),
  });
}

/** How many jobs match a filter. */
export function countQuery(q: string) {
  return queryOptions({
    queryKey: keys.jobCount(q),
    queryFn: ({ signal }) => take(client.POST("/api/v1/jobs/count", { body: { q }, signal })),
    staleTime: 10_000,
  });
}

/** What an operation would act on now. */
export function dryRunQuery(order: BulkOrder) {
  const { action, q, ids } = order;
  // Which jobs it would act on does not depend on the time or the place that they get.
  const params =
    action === "reschedule" ? { params: { delay: 0 } } : action === "move" ? { params: { priority: 0 } } : {};
  const body = { action, ...whichOf(order), ...params, dry_run: true };
  return queryOptions({
    queryKey: keys.dryRun(action, ids ? ids.join() : q),
    queryFn: async ({ signal }) => (await take(client.POST("/api/v1/bulk", { body, signal }))) as unknown as DryRun,
    staleTime: 0,
    gcTime: 0,
  });
}

/**
 * Accept an operation.
 *
 * @param key makes a repeat of the same request harmless
 */
export async function startBulk(
  order: BulkOrder,
  options: { reason: string | null; rate: number | null; params: BulkParams | null; key: string },
): Promise<Bulk> {
  const given = options.params === null ? {} : { params: options.params };
  const body = { action: order.action, ...whichOf(order), ...given, reason: options.reason, rate: options.rate };
  const params = { header: { "Idempotency-Key": options.key } };
  // By `dry_run`; the description names the answers of both.
  return (await take(client.POST("/api/v1/bulk", { body, params }))) as Bulk;
}

/**
 * Remove the jobs of a queue.
 *
 * @param states of the jobs
 * @param key makes a repeat of the same request harmless
 */
export async function purgeQueue(
  name: string,
  states: readonly PurgedState[],
  options: { reason: string | null; key: string },
): Promise<Bulk> {
  const body = { confirm: name, states: [...states], reason: options.reason };
  const params = { path: { name }, header: { "Idempotency-Key": options.key } };
  return await take(client.POST("/api/v1/queues/{name}/purge", { body, params }));
}

/** The filter of the jobs of a queue in a state. */
export function ofQueue(name: string, state: string): string {
  return `queue:${name} state:${state}`;
}

export async function stopBulk(id: string, reason: string | null): Promise<Bulk> {
  const params = { path: { bulk_id: id } };
  return await take(client.POST("/api/v1/bulk/{bulk_id}/stop", { params, body: { reason } }));
}

export async function undoBulk(id: string): Promise<Bulk> {
  const params = { path: { bulk_id: id } };
  return await take(client.POST("/api/v1/bulk/{bulk_id}/undo", { params, body: { reason: words.undo } }));
}

/** What became of jobs, by pages. */
export async function bulkResults(id: string, failed: boolean, cursor: string | null, signal: AbortSignal) {
  const query = { failed, limit: 100, ...(cursor ? { cursor } : {}) };
  return await take(client.GET("/api/v1/bulk/{bulk_id}/results", { params: { path: { bulk_id: id }, query }, signal }));
}

/** Whether an operation has not ended. */
export function isLive({ state }: Bulk): boolean {
  return state === "waiting" || state === "running";
}

/** Jobs that were handled, and how many there are. */
export function handled({ done, failed }: Bulk): number {
  return done + failed;
}

/** A list with an operation in it as it is now. */
export function withBulk(list: BulkList | undefined, bulk: Bulk): BulkList {
  const items = list?.items ?? [];
  const known = items.some(({ id }) => id === bulk.id);
  return {
    next: list?.next ?? null,
    items: known ? items.map((one) => (one.id === bulk.id ? bulk : one)) : [bulk, ...items],
  };
}
