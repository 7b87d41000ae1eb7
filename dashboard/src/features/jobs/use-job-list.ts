import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo } from "react";
import { jobListQuery } from "@/api/queries";
import { serverNow } from "@/lib/clock";
import { boundsOf, formatRange, type Range } from "./range";
import { firstPage, type JobPages, rowsOf } from "./rows";
import { type JobsSearch, jobsQueryOf } from "./search";

/** Rows of a page. */
export const PAGE = 100;
const OLD_MS = 30_000;
const ANCHOR_MS = 5 * 60_000;

// A range that ends with the present is fixed while its list lives: a cursor belongs to one question.
const anchors = new Map<string, number>();

function anchorOf(range: Range): number {
  const name = formatRange(range) ?? "";
  const now = serverNow();
  const kept = anchors.get(name);
  if (kept !== undefined && now - kept < ANCHOR_MS) return kept;
  const anchor = Math.floor(now / 1000) * 1000;
  anchors.set(name, anchor);
  return anchor;
}

/** The list that a search asks for, page by page. It never changes by itself: `restart` begins it anew. */
export function useJobList(search: JobsSearch, range: Range) {
  const client = useQueryClient();
  const { state, sort, queue, task, tag, worker, q } = search;
  const filter = useMemo(
    () => ({
      ...jobsQueryOf({ state, sort, queue, task, tag, worker, q } as JobsSearch, boundsOf(range, anchorOf(range))),
      limit: PAGE,
    }),
    [state, sort, queue, task, tag, worker, q, range],
  );
  const options = jobListQuery(filter);
  const query = useInfiniteQuery({
    ...options,
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnReconnect: false,
    refetchOnWindowFocus: false,
  });
  const key = options.queryKey;
  const name = JSON.stringify(key);

  const restart = useCallback(async () => {
    const again = JSON.parse(name) as typeof key;
    client.setQueryData<JobPages>(again, firstPage);
    await client.refetchQueries({ queryKey: again, exact: true });
  }, [client, name]);

  // Back to a list that was left long ago: its rows would be old, and patching them all costs more than asking again.
  useEffect(() => {
    const known = client.getQueryState(JSON.parse(name) as typeof key);
    if (known?.data && Date.now() - known.dataUpdatedAt > OLD_MS) void restart();
  }, [client, name, restart]);

  const data = query.data;
  const rows = useMemo(() => rowsOf(data), [data]);
  return { filter, key, query, rows, last: data?.pages.at(-1), restart };
}

export type JobListState = ReturnType<typeof useJobList>;
