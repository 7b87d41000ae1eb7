import { queryOptions } from "@tanstack/react-query";
import { client, take } from "./client";
import { keys } from "./queries";
import type { components } from "./schema";

type Schemas = components["schemas"];

/** A stress test, without its course. */
export type Run = Schemas["PlaygroundRunOut"];
export type RunDetail = Schemas["PlaygroundRunDetail"];
export type RunList = Schemas["PlaygroundRunList"];
export type RunWorker = Schemas["PlaygroundWorker"];
export type RunOrder = Omit<Schemas["PlaygroundBody"], "reason">;
export type Points = Schemas["PlaygroundPoints"];

export const KINDS = ["quick", "slow", "cpu", "retried"] as const;
export type Kind = (typeof KINDS)[number];
/** Bounds that the server keeps, so that a form can say them before it asks. */
export const LEAST_RATE = 0.1;
export const MOST_RATE = 1000;
export const MOST_SECONDS = 600;
export const MOST_JOBS = 100_000;
export const MOST_WEIGHT = 100;

/** Seconds over which a rate of the chart is the mean: jobs end in batches. */
const SMOOTH_S = 2;

/** The stress tests of this server, newest first. */
export function runsQuery() {
  return queryOptions({
    queryKey: keys.playground(),
    queryFn: ({ signal }) => take(client.GET("/api/v1/playground/runs", { signal })),
  });
}

export function runQuery(id: string) {
  return queryOptions({
    queryKey: keys.playgroundRun(id),
    queryFn: ({ signal }) =>
      take(client.GET("/api/v1/playground/runs/{run_id}", { params: { path: { run_id: id } }, signal })),
  });
}

export function startRun(order: RunOrder, reason: string | null): Promise<Run> {
  return take(client.POST("/api/v1/playground/runs", { body: { ...order, reason } }));
}

export function stopRun(id: string, reason: string | null): Promise<Run> {
  return take(
    client.POST("/api/v1/playground/runs/{run_id}/stop", { params: { path: { run_id: id } }, body: { reason } }),
  );
}

/** Time of each point, in milliseconds. */
export function timesOfRun(run: RunDetail): number[] {
  const begun = Date.parse(run.started_at);
  return run.points.seconds.map((seconds) => begun + 1000 * seconds);
}

/** What sums grew by per second, at each point, as the mean of the seconds before it. */
export function ratesOf(seconds: readonly number[], sums: readonly number[]): (number | null)[] {
  let first = 0;
  return seconds.map((second, index) => {
    while (first + 1 < index && second - (seconds[first] ?? 0) > SMOOTH_S) first++;
    const span = second - (seconds[first] ?? 0);
    return index === 0 || span <= 0 ? null : ((sums[index] ?? 0) - (sums[first] ?? 0)) / span;
  });
}

/** Jobs that have ended, whatever became of them. */
export function endedOfRun(run: Run): number {
  return run.completed + run.dead + run.cancelled + run.gone;
}

/** Shares of the kinds that have a weight, of 1. */
export function sharesOf(mix: Readonly<Record<Kind, number>>): { kind: Kind; share: number }[] {
  const all = KINDS.reduce((sum, kind) => sum + mix[kind], 0);
  return KINDS.filter((kind) => mix[kind] > 0).map((kind) => ({ kind, share: mix[kind] / all }));
}
