import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useState } from "react";
import { client, take } from "@/api/client";
import { jobRows, keys } from "@/api/queries";
import { Refused, Unreachable } from "@/api/refused";
import type { JobsQuery } from "@/api/types";
import { inBatches } from "@/lib/batches";
import { isFinal } from "@/lib/state";
import { useWatch } from "@/live/live";
import { byId, type ListRow, patchPages, type RowChange } from "@/live/patch";
import { usePolling } from "@/live/poll";
import { useCut, useLiveStatus } from "@/live/status";
import type { InView } from "./in-view";
import type { JobPages } from "./rows";
import { type JobListState, PAGE } from "./use-job-list";

/** Rows that a poll asks for one by one, because the newest page does not have them. */
const MOST_ASKED = 20;
const AT_ONCE = 6;

interface Fresh {
  count: number;
  exact: boolean;
}

const NOTHING: Fresh = { count: 0, exact: true };

/** Longer filters are refused by the feed. */
const LONGEST_WISH = 1_000;

/** The wish of a list at the feed: its filter, and the newest row that is held. Null: it is too long. */
export function pageWish(filter: JobsQuery, top: string): string | null {
  const { limit, sort, cursor, ...filters } = filter;
  const wish = new URLSearchParams({ ...filters, top }).toString();
  return wish.length > LONGEST_WISH ? null : wish;
}

/**
 * Keep a list up to date: the feed tells of rows and of what would stand above them; where there is none, the same is
 * asked for. Rows are patched where they are, new ones are counted.
 */
export function useListLive(list: JobListState, inView: InView) {
  const queryClient = useQueryClient();
  const [fresh, setFresh] = useState(NOTHING);
  const [failure, setFailure] = useState<unknown>(null);
  const rowsTold = useCut().ids.length === 0;
  const { key, filter, restart, query, rows } = list;
  const newestFirst = filter.sort !== "oldest";
  const ready = query.data !== undefined && !query.isPlaceholderData;
  const name = JSON.stringify(key);

  // biome-ignore lint/correctness/useExhaustiveDependencies: another list has other new rows
  useEffect(() => {
    setFresh(NOTHING);
    setFailure(null);
  }, [name]);

  const patch = (changes: readonly RowChange[]) => {
    const updatedAt = queryClient.getQueryState(key)?.dataUpdatedAt ?? 0;
    queryClient.setQueryData<JobPages>(key, (data) => patchPages(data, byId(changes)), { updatedAt });
  };

  // Rows that are held are not new, whoever says so.
  const count = (ids: readonly string[], exact: boolean) => {
    const held = queryClient.getQueryData<JobPages>(key)?.pages.flatMap((page) => page.items) ?? [];
    if (held.length === 0 && ids.length > 0) return void restart();
    const known = new Set(held.map((row) => row.id));
    const lowest = held.at(-1)?.id ?? "";
    const above = ids.filter((id) => !known.has(id) && id > lowest);
    setFresh({ count: above.length, exact });
  };

  const ask = async (signal?: AbortSignal) => {
    try {
      const newest = await jobRows(filter, signal ?? new AbortController().signal);
      setFailure(null);
      void queryClient.invalidateQueries({ queryKey: keys.stats() });
      if (signal?.aborted) return;
      patch(newest.items);
      if (newestFirst) {
        count(
          newest.items.map((row) => row.id),
          newest.items.length < PAGE,
        );
      }
      patch(await askEach(missing(inView.get(), newest.items, newestFirst), signal));
    } catch (error) {
      if (!signal?.aborted) setFailure(error);
      throw error;
    }
  };
  const wish = newestFirst && ready ? pageWish(filter, rows[0]?.id ?? "") : null;
  const pageTold = useWatch(wish === null ? {} : { pages: [wish] }, {
    onPage(news) {
      if (news.page === wish) count(news.new, news.exact);
    },
    onResync: () => void ask().catch(() => {}),
  });
  // The oldest rows come first: what is new stands where nobody looks. A filter that is too long for the feed is asked for.
  const tooLong = newestFirst && ready && wish === null;
  const told = rowsTold && pageTold && !tooLong;
  usePolling(ask, ready, told);

  const showFresh = useCallback(async () => {
    setFresh(NOTHING);
    await restart();
  }, [restart]);
  // While the feed tells what moves, an old failure is none; that nothing answers, the stale bar says.
  const { mode } = useLiveStatus();
  const said = (mode === "live" && told) || (mode === "polling" && failure instanceof Unreachable);
  return { fresh, error: said ? null : failure, showFresh };
}

/** Rows in view of which the newest page says nothing, though they may have moved. */
function missing(seen: readonly ListRow[], newest: readonly ListRow[], newestFirst: boolean): string[] {
  const told = new Set(newest.map((row) => row.id));
  const lowest = newest.at(-1)?.id ?? "";
  return seen
    .filter((row) => !row.gone && !told.has(row.id))
    .filter((row) => !isFinal(row.state) || (newestFirst && row.id > lowest))
    .slice(0, MOST_ASKED)
    .map((row) => row.id);
}

async function askEach(ids: readonly string[], signal: AbortSignal | undefined): Promise<RowChange[]> {
  return inBatches(ids, AT_ONCE, async (id): Promise<RowChange> => {
    try {
      const params = { path: { job_id: id } };
      const job = await take(client.GET("/api/v1/jobs/{job_id}", { params, ...(signal ? { signal } : {}) }));
      const { state, reason, round, attempt, run_at, started_at, finished_at, worker, cancel_requested_at } = job;
      const { queue, priority } = job;
      const place = { queue, priority };
      return {
        id,
        state,
        reason,
        round,
        attempt,
        run_at,
        started_at,
        finished_at,
        worker,
        cancel_requested_at,
        ...place,
      };
    } catch (error) {
      if (error instanceof Refused && error.status === 404) return { id, gone: true };
      throw error;
    }
  });
}
