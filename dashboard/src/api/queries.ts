import { infiniteQueryOptions, keepPreviousData, QueryClient, queryOptions } from "@tanstack/react-query";
import { client, mayRetry, take } from "./client";
import type { ErrorsQuery, JobRowPage, JobsQuery, SeriesQuery } from "./types";

/** Every key of the cache comes from here, so that the live feed and the pages agree on them. */
export const keys = {
  all: ["api"] as const,
  session: () => [...keys.all, "session"] as const,
  jobs: () => [...keys.all, "jobs"] as const,
  jobList: (filter: JobsQuery) => [...keys.jobs(), "list", filter] as const,
  job: (id: string) => [...keys.all, "job", id] as const,
  stack: (id: string) => [...keys.all, "stack", id] as const,
  profile: (id: string) => [...keys.all, "profile", id] as const,
  log: (id: string) => [...keys.all, "log", id] as const,
  logCount: (id: string) => [...keys.all, "logCount", id] as const,
  whys: () => [...keys.all, "why"] as const,
  why: (id: string, state: string) => [...keys.whys(), id, state] as const,
  bulks: () => [...keys.all, "bulks"] as const,
  bulk: (id: string) => [...keys.all, "bulk", id] as const,
  jobCount: (q: string) => [...keys.all, "job-count", q] as const,
  dryRun: (action: string, q: string) => [...keys.all, "dry-run", action, q] as const,
  stats: () => [...keys.all, "stats"] as const,
  series: (query: SeriesQuery) => [...keys.all, "series", query] as const,
  rangeSeries: (range: string, by: string, detail: string, name?: string) =>
    [...keys.all, "series", range, by, detail, ...(name === undefined ? [] : [name])] as const,
  summary: (minutes: number) => [...keys.all, "summary", minutes] as const,
  queues: () => [...keys.all, "queues"] as const,
  errors: () => [...keys.all, "errors"] as const,
  errorLists: () => [...keys.errors(), "list"] as const,
  errorList: (query: ErrorsQuery) => [...keys.errorLists(), query] as const,
  errorBeginning: (query: ErrorsQuery) => [...keys.errors(), "beginning", query] as const,
  errorCounts: () => [...keys.errors(), "counts"] as const,
  error: (fingerprint: string) => [...keys.errors(), "one", fingerprint] as const,
  workers: () => [...keys.all, "workers"] as const,
  suggest: (field: string, prefix: string) => [...keys.all, "suggest", field, prefix] as const,
  views: () => [...keys.all, "views"] as const,
  system: () => [...keys.all, "system"] as const,
  playground: () => [...keys.all, "playground"] as const,
  playgroundRun: (id: string) => [...keys.playground(), id] as const,
  audit: (filter: object) => [...keys.all, "audit", filter] as const,
  act: (seq: number) => [...keys.all, "act", seq] as const,
  tasks: () => [...keys.all, "tasks"] as const,
  task: (name: string) => [...keys.tasks(), name] as const,
};

export function makeQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 5_000,
        gcTime: 5 * 60_000,
        refetchOnWindowFocus: true,
        retry: (failures, error) => failures < 2 && mayRetry(error),
        retryDelay: (failures) => Math.min(8_000, 500 * 2 ** failures),
      },
      mutations: { retry: false },
    },
  });
}

/** Whether a list is so short that to ask again is one request: of more pages each would be one, after the other. */
function isOnePage({ state }: { state: { data: unknown } }): boolean {
  const data = state.data as { pages: readonly unknown[] } | undefined;
  return data === undefined || data.pages.length < 2;
}

/** A list by pages that is asked for again by itself only while it is one page. */
export const ASK_ONE_PAGE = {
  refetchOnMount: isOnePage,
  refetchOnReconnect: isOnePage,
  refetchOnWindowFocus: isOnePage,
} as const;

/** A job of one's own appears in lists that are short; longer ones keep their rows, and count it as any other. */
export function askShortJobLists(cache: QueryClient): void {
  void cache.invalidateQueries({ queryKey: keys.jobs(), predicate: isOnePage });
}

/** One page of rows. */
export async function jobRows(query: JobsQuery, signal: AbortSignal): Promise<JobRowPage> {
  const page = await take(client.GET("/api/v1/jobs", { params: { query: { ...query, view: "row" } }, signal }));
  return page as JobRowPage; // By the view; the description names both kinds of page.
}

/** Rows of a list, newest first, page by page. */
export function jobListQuery(filter: JobsQuery) {
  return infiniteQueryOptions({
    queryKey: keys.jobList(filter),
    queryFn: ({ pageParam, signal }) => jobRows({ ...filter, ...(pageParam ? { cursor: pageParam } : {}) }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
  });
}

/** Why a job in this state waits; asked again while it is looked at, for workers come and go. */
export function whyQuery(id: string, state: string) {
  return queryOptions({
    queryKey: keys.why(id, state),
    queryFn: ({ signal }) =>
      take(client.GET("/api/v1/jobs/{job_id}/why", { params: { path: { job_id: id } }, signal })),
    refetchInterval: 10_000,
  });
}

export function statsQuery() {
  return queryOptions({
    queryKey: keys.stats(),
    queryFn: ({ signal }) => take(client.GET("/api/v1/jobs/stats", { signal })),
  });
}

export function seriesQuery(query: SeriesQuery) {
  return queryOptions({
    queryKey: keys.series(query),
    queryFn: ({ signal }) => take(client.GET("/api/v1/stats/series", { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });
}

/** What jobs did in the last minutes, up to a day. */
export function summaryQuery(minutes: number) {
  return queryOptions({
    queryKey: keys.summary(minutes),
    queryFn: ({ signal }) => take(client.GET("/api/v1/stats/summary", { params: { query: { minutes } }, signal })),
    placeholderData: keepPreviousData,
  });
}

export function queuesQuery() {
  return queryOptions({
    queryKey: keys.queues(),
    queryFn: ({ signal }) => take(client.GET("/api/v1/queues", { signal })),
  });
}

export function workersQuery() {
  return queryOptions({
    queryKey: keys.workers(),
    queryFn: ({ signal }) => take(client.GET("/api/v1/workers", { signal })),
  });
}

export function tasksQuery() {
  return queryOptions({
    queryKey: keys.tasks(),
    queryFn: ({ signal }) => take(client.GET("/api/v1/tasks", { signal })),
    staleTime: 60_000,
  });
}

/** A task with the arguments of its newest jobs, which are offered for the next one. */
export function taskQuery(name: string) {
  return queryOptions({
    queryKey: keys.task(name),
    queryFn: ({ signal }) => take(client.GET("/api/v1/tasks/{name}", { params: { path: { name } }, signal })),
  });
}
