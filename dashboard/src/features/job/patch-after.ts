import type { InfiniteData, QueryClient } from "@tanstack/react-query";
import type { ActResult } from "@/api/job-actions";
import { keys } from "@/api/queries";
import type { JobRow, JobRowPage } from "@/api/types";
import type { ListRow, RowChange } from "@/live/patch";
import { patchJob } from "@/live/patches";

type Pages = InfiniteData<JobRowPage>;
const LISTS = { queryKey: [...keys.jobs(), "list"] };

/** What an answer says of a row, before the feed or the next question says more. */
const CHANGE: Record<string, Partial<ListRow>> = {
  new_round: { state: "pending", reason: null, attempt: 0, started_at: null, finished_at: null },
  due_now: { state: "pending" },
  cancelled: { state: "cancelled", reason: "cancelled_by_user" },
  deleted: { gone: true },
};

/** The rows that are held, to tell later which of them nobody has touched. */
export function heldRows(client: QueryClient): ReadonlySet<JobRow> {
  const lists = client.getQueriesData<Pages>(LISTS);
  return new Set(lists.flatMap(([, data]) => data?.pages.flatMap((page) => page.items) ?? []));
}

/**
 * Put what an act changed into every list and job of the cache, so that the page need not wait for a feed.
 *
 * @param held the rows before the act; one that the feed has brought up to date meanwhile knows better
 */
export function patchAfter(client: QueryClient, results: readonly ActResult[], held: ReadonlySet<JobRow>): void {
  const answers = new Map(results.flatMap(({ id, answer }) => (answer ? [[id, answer] as const] : [])));
  for (const [key, data] of client.getQueriesData<Pages>(LISTS)) {
    const changed = data?.pages.some((page) => page.items.some((row) => held.has(row) && answers.has(row.id)));
    if (!data || !changed) continue;
    const pages = data.pages.map((page) => ({
      ...page,
      items: page.items.map((row) => (held.has(row) ? after(row, answers.get(row.id)) : row)),
    }));
    client.setQueryData(key, { ...data, pages }, { updatedAt: client.getQueryState(key)?.dataUpdatedAt ?? 0 });
  }
  for (const [id, answer] of answers) {
    if (answer === "deleted") patchJob(client, { id, gone: true });
    else void client.invalidateQueries({ queryKey: keys.job(id) });
  }
}

function after(row: JobRow, answer: string | undefined): JobRow {
  if (answer === "requested") return { ...row, cancel_requested_at: row.cancel_requested_at ?? row.run_at };
  const change: Partial<RowChange> | undefined = answer === undefined ? undefined : CHANGE[answer];
  return change ? { ...row, ...change } : row;
}
