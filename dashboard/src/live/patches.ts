import type { InfiniteData, QueryClient } from "@tanstack/react-query";
import { formatJson } from "@/api/json";
import { keys } from "@/api/queries";
import type { JobRowPage } from "@/api/types";
import { patchPages, type RowChange } from "./patch";

/** A job of event `jobs` or `job`: its id and the fields that the feed tells. */
export type Moved = RowChange;

type Stored = { id: string; state: string; attempt?: number; round?: number; raw?: object };

/** Fields of a row that the job's own answer has as well. */
const SHARED = ["progress", "run_at", "cancel_requested_at", "queue", "priority"] as const;

/** Put what moved into every list that is held, and into jobs that are open. */
export function patchLists(client: QueryClient, moved: ReadonlyMap<string, Moved>): void {
  for (const [key, data] of client.getQueriesData<InfiniteData<JobRowPage>>({ queryKey: [...keys.jobs(), "list"] })) {
    const next = patchPages(data, moved);
    // The time of the last answer stays: what was patched is no fresher list.
    if (next !== data) client.setQueryData(key, next, { updatedAt: client.getQueryState(key)?.dataUpdatedAt ?? 0 });
  }
  for (const row of moved.values()) patchJob(client, row);
}

/** Bring an open job up to date: small changes in place; where it began or ended, its answer has more than the feed. */
export function patchJob(client: QueryClient, row: Moved): void {
  const key = keys.job(row.id);
  const stored = client.getQueryData<Stored>(key);
  if (!stored) return;
  const began = row.state !== undefined && (row.state !== stored.state || row.attempt !== stored.attempt);
  if (row.gone) {
    client.setQueryData(key, { ...stored, gone: true });
    return;
  }
  if (began || (row.round !== undefined && row.round !== stored.round)) {
    void client.invalidateQueries({ queryKey: key });
    return;
  }
  const fields = [...SHARED, "attempts", "attempts_total", "attempt_counts"] as const;
  const told = Object.fromEntries(fields.filter((name) => name in row).map((name) => [name, row[name as "progress"]]));
  // The page shows payload as the text it is; of a value that the feed told, that is how it is written.
  const raw = "progress" in row ? { raw: { ...stored.raw, progress: formatJson(row.progress) ?? "null" } } : {};
  client.setQueryData(key, { ...stored, ...told, ...raw });
}
