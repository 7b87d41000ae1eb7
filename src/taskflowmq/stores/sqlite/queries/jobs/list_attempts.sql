-- Lists a job's attempts that are kept, oldest first: of those that failed, crashed or snoozed the first ones and the last,
-- and the one that runs or completed. At claim 0: how many others there were. With where each ran, and when the job was due first.
WITH tried AS MATERIALIZED (
  SELECT round, attempt, lease_no, worker_id, started_at, finished_at, ended AS outcome, error
  FROM taskflow_attempt WHERE job_id = :job_id AND lease_no <= 10
  UNION ALL
  SELECT * FROM (
    SELECT round, attempt, lease_no, worker_id, started_at, finished_at, ended, error
    FROM taskflow_attempt WHERE job_id = :job_id AND lease_no > 10 ORDER BY lease_no DESC LIMIT 90)
  UNION ALL
  SELECT round, attempt, lease_no, worker_id, started_at, NULL, 'running', NULL
  FROM taskflow_running WHERE job_id = :job_id
  UNION ALL
  SELECT o.round, o.attempt, o.lease_no, o.worker_id, o.started_at, o.finished_at, o.state, o.error
  FROM taskflow_outcome AS o
  WHERE o.job_id = :job_id AND o.started_at IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM taskflow_attempt AS a WHERE a.job_id = o.job_id AND a.lease_no = o.lease_no)
)
SELECT a.round, a.attempt, a.lease_no, a.worker_id, coalesce(w.host, p.host), coalesce(w.pid, p.pid), a.started_at,
       a.finished_at, a.outcome, a.error, (SELECT max(j.created_at, j.run_at) FROM taskflow_job AS j WHERE j.id = :job_id)
FROM tried AS a
LEFT JOIN taskflow_worker AS w ON w.id = a.worker_id
LEFT JOIN taskflow_past_worker AS p ON p.id = a.worker_id
ORDER BY a.lease_no
