import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { type Bulk, bulksQuery } from "@/api/bulks";
import { errorCountsQuery } from "@/api/errors";
import { queuesQuery, statsQuery, summaryQuery, workersQuery } from "@/api/queries";
import { type Queue, shapeQueues } from "@/api/queues";
import { type Detail, type Kind, rangeSeriesQuery } from "@/api/series";
import { type Range, rangeSeconds } from "@/lib/range";
import { useSession } from "@/lib/session";
import { useInterval } from "./interval";
import { useWatch } from "./live";
import { useLiveStatus } from "./status";

const NO_BULKS: readonly Bulk[] = [];

const COUNTS_S = 2;
const SUMMARY_S = 5;
const SERIES_S = 10;
/** Beside the feed, which tells counts but no history: all of the overview together is a question in 7 s. */
const CHART_BESIDE_S = 20;
const SUMMARY_BESIDE_S = 15;
const SPARKS_BESIDE_S = 60;
/** Failures are counted every ten seconds. */
const ERRORS_S = 15;
const ERRORS_BESIDE_S = 60;
const MINUTES_OF_DAY = 1440;

/** Workers, kept up to date. */
export function useWorkers() {
  useWatch({ workers: true });
  const query = useQuery({ ...workersQuery(), refetchInterval: useInterval(COUNTS_S) });
  return { ...query, data: query.data?.items };
}

/** Queues, kept up to date, with the workers that serve them. */
export function useQueues() {
  useWatch({ queues: true });
  const query = useQuery({ ...queuesQuery(), refetchInterval: useInterval(COUNTS_S) });
  const { data: workers } = useWorkers();
  const { tenant } = useSession();
  const { data } = query;
  const queues = useMemo<Queue[] | undefined>(
    () => (data ? shapeQueues(data.items, workers, tenant) : undefined),
    [data, workers, tenant],
  );
  return { ...query, data: queues };
}

/**
 * The newest operations on many jobs, as the feed tells them: it begins with all of them. Without a feed they are asked
 * for, and a page that has just begun asks for nothing.
 */
export function useFollowedBulks(): readonly Bulk[] {
  useWatch({ bulk: true });
  const polls = useLiveStatus().mode === "polling";
  const query = useQuery({ ...bulksQuery(), enabled: polls, refetchInterval: useInterval(COUNTS_S) });
  return query.data?.items ?? NO_BULKS;
}

/** Counts of jobs by state, kept up to date. */
export function useStats() {
  useWatch({ stats: true });
  return useQuery({ ...statsQuery(), refetchInterval: useInterval(COUNTS_S) });
}

/** How many groups of errors there are, by state, kept up to date. */
export function useErrorCounts() {
  return useQuery({ ...errorCountsQuery(), refetchInterval: useInterval(ERRORS_S, ERRORS_BESIDE_S) });
}

/** The history of a range, kept up to date. */
export function useSeries(range: Range, by: "none" | Kind = "none", detail: Detail = "points") {
  const seconds = detail === "points" ? SERIES_S : 3 * SERIES_S;
  const beside = detail === "points" ? CHART_BESIDE_S : SPARKS_BESIDE_S;
  return useQuery({
    ...rangeSeriesQuery(range, by, detail),
    staleTime: 8_000,
    refetchInterval: useInterval(seconds, beside),
  });
}

/** The history of one queue, kept up to date. */
export function useSeriesOf(queue: string, range: Range) {
  return useQuery({
    ...rangeSeriesQuery(range, "queue", "points", queue),
    staleTime: 8_000,
    refetchInterval: useInterval(SERIES_S, CHART_BESIDE_S),
  });
}

/** The figures of a range of a day at most, kept up to date. */
export function useSummary(range: Range) {
  return useQuery({
    ...summaryQuery(Math.min(MINUTES_OF_DAY, rangeSeconds(range) / 60)),
    refetchInterval: useInterval(SUMMARY_S, SUMMARY_BESIDE_S),
  });
}
