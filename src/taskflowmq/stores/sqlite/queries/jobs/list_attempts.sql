-- The attempts of a job that are kept, oldest first: of those that were recorded the first ones and the last, and the
-- current or final one. At claim 0: how many others there were.
SELECT attempt, lease_no, worker_id, started_at, finished_at, ended, error
FROM taskflow_attempt WHERE job_id = :job_id AND lease_no <= 10
UNION ALL
SELECT * FROM (
  SELECT attempt, lease_no, worker_id, started_at, finished_at, ended, error
  FROM taskflow_attempt WHERE job_id = :job_id AND lease_no > 10 ORDER BY lease_no DESC LIMIT 90)
UNION ALL
SELECT attempt, lease_no, worker_id, started_at, NULL, 'running', NULL
FROM taskflow_running WHERE job_id = :job_id
UNION ALL
SELECT o.attempt, o.lease_no, o.worker_id, o.started_at, o.finished_at, o.state, o.error
FROM taskflow_outcome AS o
WHERE o.job_id = :job_id AND o.started_at IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM taskflow_attempt AS a WHERE a.job_id = o.job_id AND a.lease_no = o.lease_no)
ORDER BY 2
