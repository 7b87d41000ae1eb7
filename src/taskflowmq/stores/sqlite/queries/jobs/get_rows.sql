-- Reads the jobs of a tenant that exist among the ids as a list shows them, in id order: no results, of arguments the first
-- characters, of an error as many as hold its type and message. Progress only of running jobs.
SELECT j.id, k.name, q.name, l.priority, substr(j.args, 1, :args_read),
       CASE WHEN y.job_id IS NOT NULL THEN 'pending' WHEN r.job_id IS NOT NULL THEN 'running' ELSE coalesce(o.state, w.why) END,
       o.reason, coalesce(o.round, r.round, y.round, w.round), coalesce(o.attempt, r.attempt, y.attempt, w.attempt),
       coalesce(o.lease_no, r.lease_no, y.lease_no, w.lease_no), j.max_attempts, j.created_at, coalesce(w.due_at, j.run_at),
       coalesce(o.started_at, r.started_at), o.finished_at,
       -- A column behind a large result is read through all of its pages: no error is asked of a job that completed.
       substr(CASE WHEN o.job_id IS NULL THEN
           (SELECT a.error FROM taskflow_attempt AS a
            WHERE a.job_id = j.id AND a.round = coalesce(r.round, y.round, w.round) AND a.error IS NOT NULL
            ORDER BY a.lease_no DESC LIMIT 1)
         WHEN o.state <> 'completed' THEN o.error END, 1, :error_read),
       r.progress, coalesce(o.worker_id, r.worker_id), c.at, j.tags
FROM json_each(:rows) AS x
CROSS JOIN taskflow_job AS j ON j.id = substr(:ids, 16 * x.key + 1, 16)
-- include: view_joins
WHERE t.name = :tenant AND j.deleted_at IS NULL
ORDER BY x.key
