import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { client, take } from "./client";
import { ASK_ONE_PAGE, keys } from "./queries";
import type { ErrorCounts, ErrorGroup, ErrorsQuery } from "./types";

export const ERROR_STATES = ["open", "resolved", "muted"] as const;
export type ErrorState = (typeof ERROR_STATES)[number];
export const ERROR_SORTS = ["last", "first", "count"] as const;
export type ErrorSort = (typeof ERROR_SORTS)[number];

/** Groups of a page. */
const PAGE = 50;
/** Dead jobs are counted up to here. */
export const MOST_DEAD = 10_000;
const DAY_MS = 86_400_000;

/** Which groups, in which order. */
export type ErrorListWish = Omit<ErrorsQuery, "cursor" | "limit">;

function errorPage(query: ErrorListWish, cursor: string | null, signal: AbortSignal) {
  const params = { query: { ...query, limit: PAGE, ...(cursor ? { cursor } : {}) } };
  return take(client.GET("/api/v1/errors", { params, signal }));
}

/** What a list of groups begins with now. */
export function errorBeginningQuery(query: ErrorListWish) {
  return queryOptions({
    queryKey: keys.errorBeginning(query),
    queryFn: ({ signal }) => errorPage(query, null, signal),
    gcTime: 0, // old, it would take newer rows out of the list that it is joined with
  });
}

/** Groups of errors, page by page. */
export function errorListQuery(query: ErrorListWish) {
  return infiniteQueryOptions({
    ...ASK_ONE_PAGE,
    queryKey: keys.errorList(query),
    queryFn: ({ pageParam, signal }) => errorPage(query, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
  });
}

/** How many groups there are, by state: for what stands beside other pages. */
export function errorCountsQuery() {
  return queryOptions({
    queryKey: keys.errorCounts(),
    queryFn: async ({ signal }) =>
      (await take(client.GET("/api/v1/errors", { params: { query: { limit: 0 } }, signal }))).counts,
    staleTime: 15_000,
  });
}

/** A group with one of its failures. */
export function errorQuery(fingerprint: string) {
  return queryOptions({
    queryKey: keys.error(fingerprint),
    queryFn: ({ signal }) =>
      take(client.GET("/api/v1/errors/{fingerprint}", { params: { path: { fingerprint } }, signal })),
  });
}

export type Mark = { state: "open" | "resolved" } | { state: "muted"; until: string };

/** Put a group into a state. */
export function markError(fingerprint: string, mark: Mark, reason: string | null): Promise<ErrorGroup> {
  const params = { path: { fingerprint } };
  const body = { reason };
  if (mark.state === "muted") {
    return take(client.POST("/api/v1/errors/{fingerprint}/mute", { params, body: { until: mark.until, reason } }));
  }
  if (mark.state === "resolved") return take(client.POST("/api/v1/errors/{fingerprint}/resolve", { params, body }));
  return take(client.POST("/api/v1/errors/{fingerprint}/reopen", { params, body }));
}

/** Whether there are as many groups as are kept, so that others may have been deleted. */
export function areFull(counts: ErrorCounts): boolean {
  return counts.open + counts.resolved + counts.muted >= counts.most;
}

/** Whether a group was seen for the first time in the last 24 hours. */
export function isNew(group: ErrorGroup, now: number): boolean {
  return now - Date.parse(group.first_at) < DAY_MS;
}

/** The filter of a list of jobs that are dead of a group. */
export function deadOf(group: Pick<ErrorGroup, "fingerprint">): { state: "dead"; q: string } {
  return { state: "dead", q: `error:${group.fingerprint}` };
}

/** The text of the same filter, for an operation on all of them. */
export function deadText(group: Pick<ErrorGroup, "fingerprint">): string {
  return `state:dead error:${group.fingerprint}`;
}
