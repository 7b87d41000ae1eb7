-- Reads what a filter decides by of the jobs of a tenant that exist among the ids, in id order: of their JSON, what it reads.
SELECT j.id, k.name, q.name, l.priority,
       CASE WHEN y.job_id IS NOT NULL THEN 'pending' WHEN r.job_id IS NOT NULL THEN 'running' ELSE coalesce(o.state, w.why) END,
       coalesce(o.attempt, r.attempt, y.attempt, w.attempt), j.created_at, coalesce(w.due_at, j.run_at),
       coalesce(o.started_at, r.started_at), o.finished_at, coalesce(o.worker_id, r.worker_id), j.tags,
       CASE WHEN :args THEN j.args END, CASE WHEN :meta THEN j.meta END,
       -- As in get_rows: no error is asked of a job that completed.
       CASE WHEN :error THEN
         CASE WHEN o.job_id IS NULL THEN
             (SELECT a.error FROM taskflow_attempt AS a
              WHERE a.job_id = j.id AND a.round = coalesce(r.round, y.round, w.round) AND a.error IS NOT NULL
              ORDER BY a.lease_no DESC LIMIT 1)
           WHEN o.state <> 'completed' THEN o.error END
       END, o.fingerprint
FROM json_each(:rows) AS x
CROSS JOIN taskflow_job AS j ON j.id = substr(:ids, 16 * x.key + 1, 16)
-- include: view_joins
WHERE t.name = :tenant AND j.deleted_at IS NULL
ORDER BY x.key
