import { queryOptions } from "@tanstack/react-query";
import { boot } from "@/lib/boot";
import { client, take } from "./client";
import { keys } from "./queries";
import type { components } from "./schema";

export type LogLine = components["schemas"]["LogLineOut"];
export type LogLevel = LogLine["level"];
/** New lines in event `job` of the feed. */
export type LogNews = components["schemas"]["LogNews"];

/** From the least important one on. */
export const LEVELS = ["debug", "info", "warning", "error", "critical"] as const satisfies readonly LogLevel[];

export interface JobLog {
  lines: LogLine[];
  /** The place behind the last line. */
  next: string | null;
  /** Further lines are stored that were not loaded: there are too many to show. */
  more: boolean;
}

const PAGE = 1_000;
/** Lines that are held in the page. */
export const MOST_LINES = 10_000;
const EMPTY: JobLog = { lines: [], next: null, more: false };

/** What a job has logged, as far as a page holds it. Asked again, it continues where it was. */
export function logQuery(id: string) {
  return queryOptions({
    queryKey: keys.log(id),
    queryFn: async ({ signal, client: cache }) => {
      let log = cache.getQueryData<JobLog>(keys.log(id)) ?? EMPTY;
      while (log.lines.length < MOST_LINES || !log.more) {
        log = withLines(log, await page(id, log.next, PAGE, signal));
        if (!log.more) break;
      }
      return log;
    },
    structuralSharing: false,
  });
}

/** How many lines are stored of a job. */
export function logCountQuery(id: string) {
  return queryOptions({
    queryKey: keys.logCount(id),
    queryFn: async ({ signal }) => (await page(id, null, 1, signal)).total,
    structuralSharing: false,
  });
}

async function page(id: string, after: string | null, limit: number, signal: AbortSignal) {
  const query = { limit, ...(after === null ? {} : { after }) };
  return await take(client.GET("/api/v1/jobs/{job_id}/logs", { params: { path: { job_id: id }, query }, signal }));
}

/** Put lines behind those that are held. */
export function withLines(
  log: JobLog,
  { items, next, more }: { items: LogLine[]; next?: string | null; more: boolean },
): JobLog {
  const lines = items.length > 0 ? [...log.lines, ...items] : log.lines;
  // Of one that grows while it is looked at, the first lines go.
  return { lines: lines.length > MOST_LINES ? lines.slice(-MOST_LINES) : lines, next: next ?? log.next, more };
}

/** The address of the log as a file. */
export function logFile(id: string): string {
  return `${boot.api}/jobs/${id}/logs?format=text`;
}
