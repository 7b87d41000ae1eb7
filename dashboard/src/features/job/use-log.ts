import { useQuery } from "@tanstack/react-query";
import type { Job } from "@/api/job";
import { logCountQuery, logQuery } from "@/api/logs";
import { usePolling } from "@/live/poll";
import { useCut } from "@/live/status";

/** What a job has logged, kept up to date while it is looked at: by the feed, which the job's page follows anyway. */
export function useLog(job: Job) {
  const query = useQuery(logQuery(job.id));
  const { refetch } = query;
  const told = !useCut().jobs.includes(job.id);
  usePolling(() => refetch({ throwOnError: true, cancelRefetch: false }), query.data !== undefined && !job.gone, told);
  return query;
}

/** How many lines a job has, for the tab; a job that has not started has none. */
export function useLogCount(job: Job | undefined): number | undefined {
  const { data } = useQuery({
    ...logCountQuery(job?.id ?? ""),
    enabled: job !== undefined && job.attempts_total > 0 && job.gone !== true,
  });
  return data;
}
