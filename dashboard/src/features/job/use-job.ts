import { type InfiniteData, type QueryClient, useQuery, useQueryClient } from "@tanstack/react-query";
import { type Job, jobQuery } from "@/api/job";
import { keys } from "@/api/queries";
import { Refused } from "@/api/refused";
import type { JobRow, JobRowPage } from "@/api/types";
import { useWatch } from "@/live/live";
import { usePolling } from "@/live/poll";

export interface JobState {
  id: string;
  /** The whole job, once it is there; stays when a later question fails. */
  job: Job | undefined;
  /** The job, or its row of a list until it is there. */
  head: Job | JobRow | undefined;
  /** It was there, and is no more. */
  deleted: boolean;
  error: unknown;
  isFetching: boolean;
  refetch: () => unknown;
}

/** One job, kept up to date while it is open. */
export function useJob(id: string): JobState {
  const client = useQueryClient();
  const query = useQuery(jobQuery(id));
  const { data, error, isFetching, refetch } = query;
  const missing = error instanceof Refused && error.status === 404;
  const deleted = data !== undefined && (data.gone === true || missing);
  const told = useWatch(deleted ? {} : { ids: [id], jobs: [id] });
  usePolling(() => refetch({ throwOnError: true, cancelRefetch: false }), data !== undefined && !deleted, told);
  return { id, job: data, head: data ?? rowOf(client, id), deleted, error, isFetching, refetch };
}

function rowOf(client: QueryClient, id: string): JobRow | undefined {
  const lists = client.getQueriesData<InfiniteData<JobRowPage>>({ queryKey: [...keys.jobs(), "list"] });
  for (const [, data] of lists) {
    for (const page of data?.pages ?? []) {
      const row = page.items.find((item) => item.id === id);
      if (row) return row;
    }
  }
  return undefined;
}
